"""From how a run ended to what a judge says about it. Pure."""

from __future__ import annotations

import dataclasses
import enum
import signal
from typing import Final, assert_never

from berm.model import MIB, Limits, OutcomeKind, RunResult
from berm.service.comparison import same_output


class Verdict(enum.StrEnum):
    """The judge's words."""

    AC = "AC"
    WA = "WA"
    TLE = "TLE"
    MLE = "MLE"
    OLE = "OLE"
    RE = "RE"
    CE = "CE"
    IE = "IE"


_VERDICTS: Final = {
    OutcomeKind.EXITED: Verdict.RE,
    OutcomeKind.SIGNALLED: Verdict.RE,
    OutcomeKind.CPU_LIMIT: Verdict.TLE,
    OutcomeKind.WALL_LIMIT: Verdict.TLE,
    OutcomeKind.MEMORY_LIMIT: Verdict.MLE,
    OutcomeKind.OUTPUT_LIMIT: Verdict.OLE,
    OutcomeKind.PROCESS_LIMIT: Verdict.RE,
    OutcomeKind.FILE_LIMIT: Verdict.RE,
    OutcomeKind.COMPILE_ERROR: Verdict.CE,
    OutcomeKind.REFUSED: Verdict.RE,
}


class Status(enum.StrEnum):
    """What a test came to, in one word for a user interface."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@dataclasses.dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, and for everything but AC and WA the reason in words for the program's author."""

    verdict: Verdict
    reason: str = ""

    @property
    def status(self) -> Status:
        """``passed`` for AC, ``failed`` for a wrong answer, ``error`` for all others."""
        if self.verdict is Verdict.AC:
            return Status.PASSED
        return Status.FAILED if self.verdict is Verdict.WA else Status.ERROR


def rule(result: RunResult, expected: bytes, limits: Limits) -> Ruling:
    """Judge one finished run: how it ended first, then what it printed."""
    outcome = result.outcome
    if outcome.ok:
        if same_output(result.stdout, expected):
            return Ruling(Verdict.AC)
        if result.stdout_size > len(result.stdout):
            return Ruling(Verdict.OLE, _output_reason(limits))
        return Ruling(Verdict.WA)
    return Ruling(_VERDICTS[outcome.kind], why(result, limits))


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
            return (
                f"Time limit exceeded: the program used {result.usage.cpu_time:.2f} s of CPU time;"
                f" the limit is {limits.cpu_time:g} s."
            )
        case OutcomeKind.WALL_LIMIT:
            return f"Time limit exceeded: the program still ran after {limits.wall_time:g} s."
        case OutcomeKind.MEMORY_LIMIT:
            return f"Memory limit exceeded: the limit is {limits.memory / MIB:g} MiB."
        case OutcomeKind.OUTPUT_LIMIT:
            return _output_reason(limits)
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
            return "The sandbox ended the program: it tried something that is not allowed here."
        case _:  # pragma: no cover - mypy proves that no kind is missing
            assert_never(outcome.kind)


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


def _output_reason(limits: Limits) -> str:
    return f"Output limit exceeded: the program may print {limits.output / MIB:g} MiB."
