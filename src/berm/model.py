"""The words of Berm as frozen values: limits, usage, outcomes, guarantees, results."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Mapping

from berm.errors import LimitError

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class Guarantee(enum.StrEnum):
    """What a user is promised, whatever layer gives it."""

    FILESYSTEM = "filesystem"
    NETWORK = "network"
    PROCESSES = "processes"
    SYSCALLS = "syscalls"
    PRIVILEGES = "privileges"
    SECRETS = "secrets"
    MEMORY = "memory"
    CPU = "cpu"
    WALL_TIME = "wall_time"
    PROCESS_COUNT = "process_count"
    DISK = "disk"
    OUTPUT = "output"
    CLEANUP = "cleanup"


class OutcomeKind(enum.StrEnum):
    """How a process tree ended. Never a judge's word."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    CPU_LIMIT = "cpu_limit"
    WALL_LIMIT = "wall_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    FILE_LIMIT = "file_limit"
    COMPILE_ERROR = "compile_error"
    REFUSED = "refused"


@dataclasses.dataclass(frozen=True, slots=True)
class _Range:
    low: float
    high: float
    unit: str


_RANGES: Mapping[str, _Range] = {
    "cpu_time": _Range(0.01, 600.0, "seconds"),
    "wall_time": _Range(0.01, 600.0, "seconds"),
    "memory": _Range(4 * MIB, 64 * GIB, "bytes"),
    "processes": _Range(1, 4096, "processes and threads"),
    "open_files": _Range(8, 65536, "file descriptors"),
    "file_size": _Range(0, 16 * GIB, "bytes"),
    "disk": _Range(64 * KIB, 64 * GIB, "bytes"),
    "output": _Range(0, 1 * GIB, "bytes"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. Every bad value raises :class:`berm.LimitError` with the range.

    Attributes:
        cpu_time: seconds of user + system time of the whole process tree.
        wall_time: seconds of real time from the program's first instruction.
        memory: bytes of memory of the whole tree, pages shared with the launcher not counted.
        processes: processes and threads at a time, those of the runtime itself not counted.
        open_files: file descriptors per process (RLIMIT_NOFILE).
        file_size: bytes of one file that the program writes (RLIMIT_FSIZE).
        disk: bytes of all files together in the working directory and ``/tmp``.
        output: bytes kept of each of stdout and stderr; what follows is drained and counted,
            and the run ends as ``output_limit`` past sixteen times this value.
    """

    cpu_time: float = 10.0
    wall_time: float = 5.0
    memory: int = 256 * MIB
    processes: int = 5
    open_files: int = 64
    file_size: int = 10 * MIB
    disk: int = 64 * MIB
    output: int = 1 * MIB

    def __post_init__(self) -> None:
        for name, bounds in _RANGES.items():
            value = getattr(self, name)
            whole = name not in ("cpu_time", "wall_time")
            wanted = (int,) if whole else (int, float)
            if isinstance(value, bool) or not isinstance(value, wanted):
                raise LimitError(
                    f"Limits.{name} must be {'an integer' if whole else 'a number'},"
                    f" not {type(value).__name__}.",
                    remedy=_range_text(name, bounds),
                )
            if not math.isfinite(value) or not bounds.low <= value <= bounds.high:
                raise LimitError(f"Limits.{name} is {value!r}.", remedy=_range_text(name, bounds))

    @property
    def output_flood(self) -> int:
        """Bytes on one stream past which the run ends as ``output_limit``."""
        return 16 * max(self.output, 64 * KIB)


def _range_text(name: str, bounds: _Range) -> str:
    return f"Give {name} between {bounds.low:g} and {bounds.high:g} {bounds.unit}."


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """What one run did use.

    Attributes:
        wall_time: seconds from the program's start to the end of its main process.
        cpu_time: seconds of user + system time of the whole tree, reaped orphans included.
        memory: bytes, peak of the tree without the pages shared with the fork server.
        processes: the largest number of processes and threads seen at one time.
    """

    wall_time: float = 0.0
    cpu_time: float = 0.0
    memory: int = 0
    processes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """How the tree ended: ``kind``, and the exit code or signal of its main process."""

    kind: OutcomeKind
    exit_code: int | None = None
    signal: int | None = None

    @property
    def ok(self) -> bool:
        """True for a program that ended by itself with exit code 0."""
        return self.kind is OutcomeKind.EXITED and self.exit_code == 0


@dataclasses.dataclass(frozen=True, slots=True)
class Enforcement:
    """Which layers were in force, and which guarantees each of them gave.

    Attributes:
        plan: the family of plan: ``namespaces`` or ``confined``.
        guarantees: guarantee → the layers that hold it, strongest first. A guarantee
            that the operator gave up is absent.
        layers: every layer in force, in the order in which the launcher applied them.
    """

    plan: str
    guarantees: Mapping[Guarantee, tuple[str, ...]]
    layers: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON-ready data."""
        return {
            "plan": self.plan,
            "guarantees": {g.value: list(names) for g, names in self.guarantees.items()},
            "layers": list(self.layers),
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Denial:
    """One thing that the kernel refused the program.

    Attributes:
        syscall: its name.
        detail: the meaningful argument by name (``AF_INET``), or an empty string.
        count: how often it was refused.
        text: what the program tried and that it may not, in plain words.
    """

    syscall: str
    detail: str
    count: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that static analysis saw. Advice and policy, never a boundary.

    Attributes:
        rule: the rule's name (``python.process``).
        severity: ``info``, ``low``, ``medium``, ``high`` or ``critical``.
        category: ``network``, ``process``, ``dynamic-code``, ... (docs/reference/rules).
        line, column: where, from 1; the column counts characters.
        subject: the thing itself, by its full name: ``os.system``.
        message: what the program does, in plain words, with what was reconstructed to see it.
        text: the source at that place, shortened.
        blocked: True if the policy refuses the program for it.
    """

    rule: str
    severity: str
    category: str
    line: int
    column: int
    subject: str
    message: str
    text: str = ""
    blocked: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Analysis:
    """What static analysis says about one program under one policy.

    Attributes:
        pack: the policy pack: ``education``, ``contest``, ``strict`` or ``off``.
        findings: in the order of the program; those that the policy switches off are left out.
        language: the language that the program was read as.
        complete: False where the analyser gave up on a part of the program, or could not read it.
        seconds: CPU time that the analysis took, 0 where its result was known already.
    """

    pack: str
    findings: tuple[Finding, ...] = ()
    language: str = ""
    complete: bool = True
    seconds: float = 0.0

    @property
    def refused(self) -> Finding | None:
        """The first finding for which the policy refuses the program, or None."""
        return next((finding for finding in self.findings if finding.blocked), None)

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON-ready data."""
        return {
            "pack": self.pack,
            "language": self.language,
            "refused": self.refused is not None,
            "complete": self.complete,
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
        }


@dataclasses.dataclass(frozen=True, slots=True)
class RunResult:
    """Everything that is known about one run.

    Attributes:
        stdout, stderr: the bytes kept, at most ``Limits.output`` each.
        outcome: how the program (or, for ``compile_error``, its compiler) ended.
        usage: what it used.
        compile: the compilation's own result in the same shape, or None.
        enforcement: guarantees → layers that were in force.
        truncated: True if some output was dropped.
        stdout_size, stderr_size: bytes that the program wrote, dropped ones included.
        denials: what the kernel refused, the most frequent first; None where this kernel
            cannot tell (no seccomp user notification, as under gVisor).
        analysis: what static analysis said before the run; None where none was asked for.
        files: what was asked to be collected from the working directory, by relative name.
    """

    stdout: bytes
    stderr: bytes
    outcome: Outcome
    usage: Usage
    enforcement: Enforcement
    compile: RunResult | None = None
    truncated: bool = False
    stdout_size: int = 0
    stderr_size: int = 0
    denials: tuple[Denial, ...] | None = None
    analysis: Analysis | None = None
    files: Mapping[str, bytes] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> str:
        """Standard output decoded as UTF-8, wrong bytes replaced."""
        return self.stdout.decode("utf-8", "replace")
