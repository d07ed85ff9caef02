"""A program ready to run, and what its runs are made of: bounds, arguments, what is collected."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from berm.analysis import Analyser, Policy, refusal
from berm.analysis.analyser import reads, together
from berm.artifacts.cache import Compiled
from berm.cell.cell import Ran
from berm.cell.denials import explain_denials
from berm.cell.files import Bundle, File
from berm.cell.outcome import decide
from berm.cell.parking import Boot
from berm.cell.waiting import fits
from berm.config import Config
from berm.errors import CellError, InputError
from berm.kernel.features import HostFeatures
from berm.languages import CompileStep, Language, Step
from berm.model import MIB, Analysis, Enforcement, Limits, Outcome, OutcomeKind, RunResult, Usage
from berm.policy.plan import DEFAULT_PRELOAD, CellPlan, Runtime, make_plan
from berm.policy.profile import load_profile

STDERR_TAIL: Final = 16 * 1024
"""Of what a program wrote at last on stderr: SBCL says that its heap is exhausted, then where it was."""
MAX_ARGS: Final = 32 * 1024
MAX_STDIN: Final = 256 * MIB
ARTIFACT_FILES: Final = 512
ARTIFACT_BYTES: Final = 64 * MIB
PREPARED_BYTES: Final = 256 * MIB
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
        ok: False if it did not compile, or is refused; running it gives the same again.
        analysis: what was found in its text; None where nobody asked.
    """

    language: Language
    entry: str
    bundle: Bundle
    compiled: CompileStep | None
    compile: RunResult | None
    ok: bool = True
    analysis: Analysis | None = None

    @property
    def refusal(self) -> str:
        """Why the policy refuses it, in plain words; an empty string where it does not."""
        return "" if self.analysis is None else refusal(self.analysis)

    def close(self) -> None:
        """Free the program's files."""
        self.bundle.close()


class Screen:
    """Reads programs before they run, where the settings or a call ask for it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._analyser: Analyser | None = None

    async def look(
        self, files: Mapping[str, File], entry: str, language: str, wanted: Policy | str | None
    ) -> Analysis | None:
        """Return what is found in a program's files, the entry first; None where nobody asked.

        Raises:
            AnalyserError, UnavailableError: a policy is asked for that cannot be applied.
        """
        policy = wanted if isinstance(wanted, Policy) else self._config.analysis_policy(wanted)
        if policy.off:
            return None
        names = [entry, *(name for name in files if name != entry and reads(name, language))]
        seen = [await self.read(files[name].data, language, policy) for name in names]
        return together(dict(zip(names, seen, strict=True)))

    async def read(self, text: bytes, language: str, policy: Policy) -> Analysis:
        """Return what a policy says about one text; raises as :meth:`look`."""
        if self._analyser is None:
            children, most = self._config.concurrency, self._config.analysis_max_code
            self._analyser = Analyser(children, max_source=most)
        return await asyncio.to_thread(self._analyser.analyse, text, language, policy)

    async def close(self) -> None:
        """End the analyser's children."""
        if self._analyser is not None:
            await asyncio.to_thread(self._analyser.close)
            self._analyser = None


def contents_of(text: bytes, entry: str, files: Mapping[str, Content] | None) -> dict[str, File]:
    """Return all files of a submission; raises :class:`InputError` where one is there twice."""
    made = {name: File(content(data)) for name, data in (files or {}).items()}
    if entry in made:
        raise InputError(
            f"The file {entry!r} is the program itself.", remedy="Give it another name."
        )
    return {**made, entry: File(text)}


def standard_input(stdin: Content) -> bytes:
    """Return what a program reads; raises :class:`InputError` where that is too much."""
    data = content(stdin)
    if len(data) > MAX_STDIN:
        raise InputError(f"Standard input is over {MAX_STDIN} bytes.")
    return data


def finished(
    program: Program, result: RunResult, bundle: Bundle, ran: Ran, collect: Sequence[str]
) -> RunResult:
    """Return a run's result with what its program brings along, and the files that it made."""
    made = outputs(ran, bundle, collect)
    return dataclasses.replace(
        result, compile=program.compile, files=made, analysis=program.analysis
    )


def not_run(program: Program, enforcement: Enforcement) -> RunResult:
    """Return the result of running a program that did not compile, or that is refused."""
    if program.compile is not None:
        return dataclasses.replace(not_compiled(program.compile), analysis=program.analysis)
    refused = Outcome(OutcomeKind.REFUSED)
    return RunResult(b"", b"", refused, Usage(), enforcement, analysis=program.analysis)


def not_compiled(failed: RunResult) -> RunResult:
    """Return the result of running a program that did not compile: its compiler's end."""
    kind = OutcomeKind.COMPILE_ERROR
    outcome = Outcome(kind, failed.outcome.exit_code, failed.outcome.signal)
    return dataclasses.replace(failed, stdout=b"", stderr=b"", outcome=outcome, compile=failed)


def result_of(plan: CellPlan, ran: Ran, step: Step, limits: Limits) -> RunResult:
    """Return what is known about one run of a step."""
    outcome = decide(
        ran.ending,
        limits,
        flooded=ran.flooded,
        memory_ceiling=limits.memory + step.memory_allowance,
        stderr_tail=ran.stderr[-STDERR_TAIL:],
        memory_markers=step.memory_markers,
    )
    return RunResult(
        stdout=ran.stdout,
        stderr=ran.stderr,
        outcome=outcome,
        usage=ran.ending.usage,
        enforcement=plan.enforcement,
        truncated=ran.truncated,
        stdout_size=ran.stdout_size,
        stderr_size=ran.stderr_size,
        denials=explain_denials(plan, ran.denials),
    )


def compiled(contents: Mapping[str, File], entry: str, ran: Ran, ended: RunResult) -> Compiled:
    """Return what a compilation of ``contents`` gave: the submission as its runs get it."""
    # What a compiler was refused is its own doing, and tells the author nothing.
    ended = dataclasses.replace(ended, denials=())
    if not ended.outcome.ok or not ran.files:
        return Compiled(ended, None)
    # In the confined plan a linker may not chmod, so the mode that came out says nothing.
    made = {name: File(file.data, executable=True) for name, file in ran.files.items()}
    kept = {name: file for name, file in contents.items() if name != entry}
    return Compiled(ended, {**kept, **made})


def collected(step: Step, ran: Ran, ended: RunResult) -> Mapping[str, File]:
    """Return the files of a stage that ended well; raises :class:`CellError` for any other."""
    if ended.outcome.ok:
        return ran.files
    said = ran.stderr[-STDERR_TAIL:].decode("utf-8", "replace").strip()
    raise CellError(
        f"A toolchain cannot be prepared: {step.argv[0]}: {ended.outcome.kind.value}.",
        meaning=said,
        remedy="Everything runs without it, only later.",
    )


def plan_identity(step: Step) -> object:
    """Return what a step's plan depends on; steps that are equal in it share a plan."""
    env = tuple(step.environment("/work", "/tmp").items())  # noqa: S108
    return (step.profile, step.read_paths, step.interpreter, step.warm == "fork" and env)


def plan_for(step: Step, features: HostFeatures, config: Config) -> CellPlan:
    """Compute the plan of a step; raises :class:`berm.IsolationError` for a missing guarantee."""
    in_process = step.warm == "fork"
    runtime = Runtime(
        read_paths=step.read_paths,
        interpreter=step.interpreter or sys.executable,
        in_process=in_process,
        env=step.environment("/work", "/tmp") if in_process else {},  # noqa: S108
        preload=(*DEFAULT_PRELOAD, *config.preload),
    )
    return make_plan(load_profile(step.profile), features, runtime, config.plan_settings())


def usual_steps(language: Language, prepared: str, limits: Limits | None = None) -> list[Step]:
    """Return the steps of an ordinary submission: its run, and its compilation if there is one."""
    entry = language.entry_name(b"")
    limits = bounds(limits)
    compiled = language.compile_step({entry: b""}, entry, limits, prepared=prepared)
    run = language.run_step(entry, (), limits, compiled, prepared)
    return [run, compiled] if compiled is not None else [run]


def boot(plan: CellPlan, step: Step, limits: Limits, bundle: Bundle | None = None) -> Boot | None:
    """Return what a runtime is started with that may wait for this step.

    None if the language has none that waits, or ``bundle`` is too large to be told to one.
    """
    if step.park is None:
        return None
    if bundle is not None and not fits(step.park.hand, bundle):
        return None
    wanted = rlimits(plan, step, limits)
    # The agent ends the run at its limit; this is the backstop behind it. A power of two, so that
    # those that wait serve many limits, and past the runtime's own start.
    wanted["cpu"] = 1 << (int(limits.cpu_time) + 5).bit_length()
    return Boot(
        argv=step.park.argv,
        env=tuple(step.env.items()),
        rlimits=tuple(wanted.items()),
        memory=limits.memory + step.memory_allowance,
        processes=limits.processes + step.runtime_threads,
        cost=step.park.memory,
    )


def command(step: Step, work: str, tmp: str, *, waits: bool) -> tuple[str, ...]:
    """Return what a cell with these directories is told to run, in which a runtime waits or not."""
    if waits and step.park is not None:
        return step.park.told(work, tmp)
    whole = step.command(work, tmp)
    return whole[1:] if step.warm == "fork" else whole


def rlimits(plan: CellPlan, step: Step, limits: Limits) -> dict[str, int]:
    """The run's own resource limits, each a backstop one notch above what the agent enforces."""
    wanted = {
        "cpu": int(limits.cpu_time) + 2,
        "fsize": limits.file_size,
        "nofile": limits.open_files + step.runtime_files,
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
    """Return text as the bytes that it was; raises :class:`InputError` for what is neither text nor bytes."""
    if isinstance(given, str):
        return given.encode("utf-8", "surrogateescape")
    # Not whatever bytes() takes: of a number it makes as many zeros.
    if not isinstance(given, (bytes, bytearray, memoryview)):
        raise InputError(
            f"A program, its input and its files are text or bytes, not {type(given).__name__}.",
            remedy="Encode it, or read it from its file first.",
        )
    return bytes(given)


def bounds(limits: Limits | None) -> Limits:
    """Return the limits, or the usual ones; raises :class:`InputError` for what are none."""
    if limits is None:
        return Limits()
    if not isinstance(limits, Limits):
        raise InputError(
            f"Limits are a berm.Limits, not {type(limits).__name__}.",
            remedy="For example: limits=berm.Limits(cpu_time=2.0).",
        )
    return limits


def arguments(args: Sequence[str]) -> tuple[str, ...]:
    """Return a program's arguments; raises :class:`InputError` for what no process can be given."""
    checked = tuple(args)
    for arg in checked:
        if not isinstance(arg, str):
            raise InputError(
                f"An argument is text, not {type(arg).__name__}.", remedy="Give str(...) of it."
            )
        if "\0" in arg:
            raise InputError("An argument holds a NUL character.", remedy="Remove it.")
    if sum(len(arg.encode("utf-8", "surrogateescape")) + 1 for arg in checked) > MAX_ARGS:
        raise InputError(f"The arguments are over {MAX_ARGS} bytes together.")
    return checked


def outputs(ran: Ran, bundle: Bundle, collect: Sequence[str]) -> Mapping[str, bytes]:
    """Return the files that a run made: what it was given is none of them, unless asked for by name."""
    given = {name for name, _, _ in bundle.rows}.difference(collect)
    return {name: file.data for name, file in ran.files.items() if name not in given}
