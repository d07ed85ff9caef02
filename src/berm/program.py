"""A program ready to run, and what its runs are made of: bounds, arguments, what is collected."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from berm.cell.files import Bundle
from berm.errors import InputError
from berm.languages import CompileStep, Language, Step
from berm.model import MIB, Limits, Outcome, OutcomeKind, RunResult
from berm.policy.plan import CellPlan

MAX_ARGS: Final = 32 * 1024
ARTIFACT_FILES: Final = 512
ARTIFACT_BYTES: Final = 64 * MIB
OUTPUT_FILES: Final = 64
OUTPUT_BYTES: Final = 16 * MIB

CODE_ROOM: Final = 128 * MIB
"""What RLIMIT_AS counts and RLIMIT_DATA does not: code, files that are mapped."""

ARENA: Final = 64 * MIB
"""Addresses that glibc sets aside for each thread's allocations (HEAP_MAX_SIZE), used or not."""

Content = str | bytes


@dataclasses.dataclass(slots=True)
class Program:
    """A submission ready to run any number of times.

    Attributes:
        language: its language.
        compile: the compilation's result, None for languages without one.
        ok: False if it did not compile; running it gives the compile error again.
    """

    language: Language
    entry: str
    bundle: Bundle
    compiled: CompileStep | None
    compile: RunResult | None
    ok: bool = True

    def close(self) -> None:
        """Free the program's files."""
        self.bundle.close()


def not_compiled(failed: RunResult) -> RunResult:
    """Return the result of running a program that did not compile: its compiler's end."""
    kind = OutcomeKind.COMPILE_ERROR
    outcome = Outcome(kind, failed.outcome.exit_code, failed.outcome.signal)
    return dataclasses.replace(failed, stdout=b"", stderr=b"", outcome=outcome, compile=failed)


def rlimits(plan: CellPlan, step: Step, limits: Limits) -> dict[str, int]:
    """The run's own resource limits, each a backstop one notch above what the agent enforces."""
    wanted = {
        "cpu": int(limits.cpu_time) + 2,
        "fsize": limits.file_size,
        "nofile": limits.open_files,
    }
    if plan.counts_processes:
        # A cgroup counts what it refuses, so it goes first where there is one.
        spare = 16 if "cgroup" in plan.enforcement.layers else 1
        wanted["nproc"] = limits.processes + step.runtime_threads + spare
    if step.data_limit is not None:
        wanted["data"] = step.data_limit
        if not plan.counts_data:
            arenas = (limits.processes + step.runtime_threads) * ARENA
            wanted["as"] = step.data_limit + CODE_ROOM + arenas
    return wanted


def collection(patterns: Sequence[str], files: int, size: int) -> dict[str, object] | None:
    """Return what an agent is asked to take out of the working directory, None for nothing."""
    if not patterns:
        return None
    return {
        "patterns": list(patterns),
        "files": files,
        "bytes": size,
        "entries": 20_000,
    }


def content(given: Content) -> bytes:
    """Return text as the bytes that it was."""
    if isinstance(given, str):
        return given.encode("utf-8", "surrogateescape")
    return bytes(given)


def arguments(args: Sequence[str]) -> tuple[str, ...]:
    """Return a program's arguments; raises :class:`InputError` for what no process can be given."""
    checked = tuple(args)
    for arg in checked:
        if "\0" in arg:
            raise InputError("An argument holds a NUL character.", remedy="Remove it.")
    if sum(len(arg.encode("utf-8", "surrogateescape")) + 1 for arg in checked) > MAX_ARGS:
        raise InputError(f"The arguments are over {MAX_ARGS} bytes together.")
    return checked
