"""The judge's words, and the evidence for them. Pure."""

from __future__ import annotations

import dataclasses
import enum
import signal
from typing import Final, assert_never

from berm.analysis import refusal
from berm.model import MIB, Limits, OutcomeKind, RunResult

IDLE_SHARE: Final = 0.1
"""A program that used less of its real time than this part was not computing: it slept or waited."""


class Verdict(enum.StrEnum):
    """The judge's words."""

    AC = "AC"
    """Accepted."""
    WA = "WA"
    """Wrong answer."""
    PE = "PE"
    """The answer but for white space; only from comparisons that were asked to tell it apart."""
    TLE = "TLE"
    """Time limit exceeded."""
    MLE = "MLE"
    """Memory limit exceeded."""
    OLE = "OLE"
    """Output limit exceeded."""
    RE = "RE"
    """It crashed, ended with an exit code other than 0, or met another limit."""
    CE = "CE"
    """It does not compile."""
    RJ = "RJ"
    """Rejected by policy; it did not run."""
    IE = "IE"
    """The judge failed, which is never the program's fault."""


VERDICTS: Final = {
    OutcomeKind.EXITED: Verdict.RE,
    OutcomeKind.SIGNALLED: Verdict.RE,
    OutcomeKind.CPU_LIMIT: Verdict.TLE,
    OutcomeKind.WALL_LIMIT: Verdict.TLE,
    OutcomeKind.MEMORY_LIMIT: Verdict.MLE,
    OutcomeKind.OUTPUT_LIMIT: Verdict.OLE,
    OutcomeKind.PROCESS_LIMIT: Verdict.RE,
    OutcomeKind.FILE_LIMIT: Verdict.RE,
    OutcomeKind.COMPILE_ERROR: Verdict.CE,
    OutcomeKind.REFUSED: Verdict.RJ,
}
"""What a run that did not end well is called."""


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """The first place where an output is not what was expected.

    Attributes:
        line, column: where in the program's output, both from 1; columns count bytes.
        expected, actual: what stands there, shortened.
        text: the difference in one sentence.
        spacing: True if only white space differs.
    """

    line: int
    column: int
    expected: str
    actual: str
    text: str
    spacing: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        reason: one sentence for the program's author; empty for AC, and for a plain WA.
        exit_code, signal: how the main process ended; the signal by name.
        limit, measured, unit: the limit that was met and what was measured, in ``seconds``,
            ``bytes`` or ``processes``; None where no limit was.
        idle: True for a TLE of a program that did not compute: it slept, or waited for input.
        difference: where the output differs first, for WA and PE of a comparison.
        judge_message: what a checker or interactor said for the judges; never for authors.
        team_message: what it said for the author.
        reruns: how often the run was repeated alone before the verdict was given.
    """

    reason: str = ""
    exit_code: int | None = None
    signal: str | None = None
    limit: float | None = None
    measured: float | None = None
    unit: str = ""
    idle: bool = False
    difference: Difference | None = None
    judge_message: str = ""
    team_message: str = ""
    reruns: int = 0

    def withheld(self) -> Evidence:
        """Return what an author may know of a hidden test: nothing that depends on its data."""
        return dataclasses.replace(self, difference=None, judge_message="", team_message="")

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON-ready data, without what is empty."""
        data = dataclasses.asdict(self)
        return {name: value for name, value in data.items() if value not in (None, "", False, 0)}


@dataclasses.dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, its evidence, and which part of the points it is worth (0 to 1).

    ``score`` is points where a checker gave points instead of a part of them, else None.
    """

    verdict: Verdict
    evidence: Evidence = dataclasses.field(default_factory=Evidence)
    part: float = 0.0
    score: float | None = None


ACCEPTED: Final = Ruling(Verdict.AC, part=1.0)


def of_run(result: RunResult, limits: Limits) -> Ruling | None:
    """Judge how a run ended; None if it ended well and its output decides.

    ``limits`` are the problem's. The run itself may have had some more CPU time, so that what it
    needed was measured; a program that needed more than the limit is too slow, however it ended.
    """
    outcome, used = result.outcome, result.usage
    slow = used.cpu_time > limits.cpu_time
    if outcome.kind is OutcomeKind.CPU_LIMIT or (slow and _ended_by_itself(result)):
        evidence = evidence_of(result, limits)
        return Ruling(
            Verdict.TLE,
            dataclasses.replace(
                evidence,
                reason=cpu_reason(used.cpu_time, limits),
                limit=limits.cpu_time,
                measured=used.cpu_time,
                unit="seconds",
            ),
        )
    if outcome.ok:
        return None
    return Ruling(VERDICTS[outcome.kind], evidence_of(result, limits))


def _ended_by_itself(result: RunResult) -> bool:
    return result.outcome.kind in (OutcomeKind.EXITED, OutcomeKind.SIGNALLED)


def evidence_of(result: RunResult, limits: Limits) -> Evidence:
    """Return what is known about how a run ended."""
    outcome, used = result.outcome, result.usage
    limit: float | None = None
    measured: float | None = None
    unit = ""
    match outcome.kind:
        case OutcomeKind.CPU_LIMIT:
            limit, measured, unit = limits.cpu_time, used.cpu_time, "seconds"
        case OutcomeKind.WALL_LIMIT:
            limit, measured, unit = limits.wall_time, used.wall_time, "seconds"
        case OutcomeKind.MEMORY_LIMIT:
            limit, measured, unit = limits.memory, used.memory, "bytes"
        case OutcomeKind.OUTPUT_LIMIT:
            written = max(result.stdout_size, result.stderr_size)
            limit, measured, unit = limits.output, written, "bytes"
        case OutcomeKind.PROCESS_LIMIT:
            limit, measured, unit = limits.processes, used.processes, "processes"
        case _:
            pass
    signalled = outcome.kind is OutcomeKind.SIGNALLED and outcome.signal is not None
    return Evidence(
        reason=why(result, limits),
        exit_code=outcome.exit_code,
        signal=signal_name(outcome.signal) if signalled else None,
        limit=limit,
        measured=measured,
        unit=unit,
        idle=is_idle(result),
    )


def is_idle(result: RunResult) -> bool:
    """Tell whether a run ended at its wall limit without having computed."""
    used = result.usage
    at_wall = result.outcome.kind is OutcomeKind.WALL_LIMIT
    return at_wall and used.cpu_time < IDLE_SHARE * used.wall_time


def why(result: RunResult, limits: Limits) -> str:
    """Say in one sentence why a run did not end well; an empty string for one that did."""
    outcome = result.outcome
    match outcome.kind:
        case OutcomeKind.EXITED if outcome.exit_code == 0:
            return ""
        case OutcomeKind.EXITED:
            return f"The program ended with exit code {outcome.exit_code}."
        case OutcomeKind.SIGNALLED:
            return f"The program was ended by {signal_name(outcome.signal)}."
        case OutcomeKind.CPU_LIMIT:
            return cpu_reason(result.usage.cpu_time, limits)
        case OutcomeKind.WALL_LIMIT:
            text = f"Time limit exceeded: the program still ran after {limits.wall_time:g} s."
            if is_idle(result):
                used = result.usage.cpu_time
                text += f" It computed for {used:.2f} s only: it slept, or waited for input."
            return text
        case OutcomeKind.MEMORY_LIMIT:
            return f"Memory limit exceeded: the limit is {limits.memory / MIB:g} MiB."
        case OutcomeKind.OUTPUT_LIMIT:
            return output_reason(limits)
        case OutcomeKind.PROCESS_LIMIT:
            return (
                f"Process limit exceeded: at most {limits.processes} processes and threads at a"
                " time."
            )
        case OutcomeKind.FILE_LIMIT:
            return (
                f"File limit exceeded: one file may have {limits.file_size / MIB:g} MiB,"
                f" all files together {limits.disk / MIB:g} MiB."
            )
        case OutcomeKind.COMPILE_ERROR:
            return "The program does not compile."
        case OutcomeKind.REFUSED:
            return refusal(result.analysis) if result.analysis is not None else "Refused by policy."
        case _:  # pragma: no cover - mypy proves that no kind is missing
            assert_never(outcome.kind)


def cpu_reason(used: float, limits: Limits) -> str:
    """Say that the CPU time was over the limit."""
    return (
        f"Time limit exceeded: the program used {used:.2f} s of CPU time;"
        f" the limit is {limits.cpu_time:g} s."
    )


def output_reason(limits: Limits) -> str:
    """Say that the output was over the limit."""
    return f"Output limit exceeded: the program may print {limits.output / MIB:g} MiB."


def compile_reason(compiled: RunResult) -> str:
    """Say in words why a compilation gave no program, for when the compiler said nothing."""
    match compiled.outcome.kind:
        case OutcomeKind.CPU_LIMIT | OutcomeKind.WALL_LIMIT:
            return "The compiler ran out of time."
        case OutcomeKind.MEMORY_LIMIT:
            return "The compiler ran out of memory."
        case OutcomeKind.OUTPUT_LIMIT | OutcomeKind.FILE_LIMIT:
            return "The compiler wrote more than is allowed."
        case _:
            return "The program does not compile."


def signal_name(number: int | None) -> str:
    """Return ``SIGSEGV (segmentation fault)`` for 11, ``signal 40`` for one without a name."""
    try:
        known = signal.Signals(number or 0)
    except ValueError:
        return f"signal {number}"
    return f"{known.name} ({(signal.strsignal(known) or known.name).lower()})"
