"""Checkers: from what a program printed to a ruling. A checker that fails raises, and never rejects.

There are three kinds: a :class:`Comparison` (pure, on the host), a :class:`JudgeProgram` (in a cell of
its own), and a Python function of the caller's (on the host: it is the caller's own code).
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import re
from collections.abc import Callable
from typing import Final

from berm.engine import Engine
from berm.errors import CellError
from berm.judge.comparison import Comparison, Rule
from berm.judge.programs import Convention, JudgeError, JudgeProgram, Workshop
from berm.judge.verdict import ACCEPTED, Evidence, Ruling, Verdict, why
from berm.model import Limits, OutcomeKind, RunResult

HostFunction = Callable[[bytes, bytes, bytes], bool | float | tuple[bool | float, str]]
"""``check(input, output, expected)``: True or a part between 0 and 1, alone or with a message."""

Checker = Comparison | JudgeProgram | HostFunction

_INLINE: Final = 32 * 1024
"""Bytes that are compared at once; more goes to a thread, so that the event loop stays free."""

_MESSAGE: Final = 2000

INPUT, ANSWER, OUTPUT = "test/input", "test/answer", "test/output"
FEEDBACK: Final = "feedback/"
KEEP: Final = {f"{FEEDBACK}.keep": b""}
"""Makes the feedback directory: a bundle holds files only."""

_ACCEPT, _REJECT = 42, 43
_OK, _WA, _PE, _DIRT, _POINTS, _EOF = 0, 1, 2, 4, 7, 8
_PERCENT: Final = range(50, 151)
_TESTLIB_REJECTS: Final = frozenset({_WA, _PE, _DIRT, _EOF})


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """What a checker gets to see.

    Attributes:
        input, expected, output: the test's input, its expected output, and the program's.
        args: the test's arguments for a checker that is a program.
        points: what the test is worth.
    """

    input: bytes
    expected: bytes
    output: bytes
    args: tuple[str, ...] = ()
    points: float = 1.0


async def check(checker: Checker, case: Case, engine: Engine, workshop: Workshop) -> Ruling:
    """Return what the checker says.

    Raises:
        JudgeError: the checker failed.
    """
    if isinstance(checker, Comparison):
        if len(case.output) + len(case.expected) > _INLINE:
            return await asyncio.to_thread(compare, checker, case)
        return compare(checker, case)
    if isinstance(checker, JudgeProgram):
        return await _by_program(checker, case, engine, workshop)
    return await asyncio.to_thread(_by_function, checker, case)


def compare(comparison: Comparison, case: Case) -> Ruling:
    """Judge an output by a comparison."""
    difference = comparison.difference(case.output, case.expected)
    if difference is None:
        return ACCEPTED
    verdict = Verdict.PE if difference.spacing else Verdict.WA
    return Ruling(verdict, Evidence(difference=difference))


def _by_function(function: HostFunction, case: Case) -> Ruling:
    try:
        found = function(case.input, case.output, case.expected)
    except Exception as error:
        raise JudgeError(f"The checker function raised {type(error).__name__}: {error}.") from error
    part, message = found if isinstance(found, tuple) else (found, "")
    return _graded(float(part), Evidence(team_message=str(message)[:_MESSAGE]))


def _graded(part: float, evidence: Evidence, score: float | None = None) -> Ruling:
    """Return the ruling for a part of the points: all of it is AC, some of it too, nothing is WA."""
    if not (math.isfinite(part) and 0 <= part <= 1):
        raise JudgeError(f"The checker gave {part} as the part of the points; it is from 0 to 1.")
    return Ruling(Verdict.AC if part > 0 else Verdict.WA, evidence, part, score)


async def _by_program(
    checker: JudgeProgram, case: Case, engine: Engine, workshop: Workshop
) -> Ruling:
    program = await workshop.program(checker)
    own = (*checker.args, *case.args)
    files = {INPUT: case.input, ANSWER: case.expected, **KEEP}
    stdin = case.output
    args = own
    match checker.convention:
        case Convention.ICPC:
            args = (INPUT, ANSWER, FEEDBACK, *own)
        case Convention.TESTLIB:
            args = (INPUT, OUTPUT, ANSWER, *own)
            files[OUTPUT], stdin = case.output, b""
        case Convention.FUNCTION:
            args = (str(case.points), *own)
    try:
        result = await engine.execute(
            program, stdin, args, checker.limits, files=files, collect=[f"{FEEDBACK}*"]
        )
    except CellError as error:
        raise JudgeError("The checker's cell broke.", meaning=error.summary) from error
    return ruling_of(checker, result, case.points)


def ruling_of(program: JudgeProgram, result: RunResult, points: float = 1.0) -> Ruling:
    """Return what a checker or interactor that has run says by its convention.

    Raises:
        JudgeError: it ended in any way that its convention has no meaning for.
    """
    if result.outcome.kind is not OutcomeKind.EXITED:
        raise _failed(why(result, program.limits), result)
    code = result.outcome.exit_code or 0
    match program.convention:
        case Convention.ICPC:
            return _icpc(code, result)
        case Convention.TESTLIB:
            return _testlib(code, result)
        case Convention.FUNCTION:
            return _function(code, result, points)


def _icpc(code: int, result: RunResult) -> Ruling:
    evidence = Evidence(
        judge_message=_note(result, "judgemessage.txt"),
        team_message=_note(result, "teammessage.txt"),
    )
    if code == _REJECT:
        return Ruling(Verdict.WA, evidence)
    if code != _ACCEPT:
        raise _failed(f"It ended with exit code {code}, not with 42 or 43.", result)
    score = _number_in(result, "score.txt")
    multiplier = _number_in(result, "score_multiplier.txt")
    if multiplier is not None:
        if not 0 <= multiplier <= 1:
            raise _failed(f"It wrote {multiplier} to score_multiplier.txt.", result)
        return Ruling(Verdict.AC, evidence, multiplier)
    if score is not None and score < 0:
        raise _failed(f"It wrote {score} to score.txt.", result)
    return Ruling(Verdict.AC, evidence, 1.0, score)


def _testlib(code: int, result: RunResult) -> Ruling:
    said = result.stderr[:_MESSAGE].decode("utf-8", "replace").strip()
    evidence = Evidence(judge_message=said)
    part = re.match(r"partially correct \((\d{1,3})\)", said)
    if part is not None and code in (int(part[1]), _PERCENT.start + int(part[1])):
        # PC_BASE_EXIT_CODE is 50 where TESTSYS is defined, else 0: 1 may be a percent or a rejection.
        return _graded(int(part[1]) / 100, evidence)
    if code == _OK:
        return Ruling(Verdict.AC, evidence, 1.0)
    if code in _TESTLIB_REJECTS:
        return Ruling(Verdict.WA, evidence)
    if code == _POINTS:
        match = re.match(r"(?:points\s+)?(\d+(?:\.\d*)?)", said)
        if match is None:
            raise _failed("It gave points without a number.", result)
        score = float(match[1])
        return Ruling(Verdict.AC if score > 0 else Verdict.WA, evidence, float(score > 0), score)
    if code in _PERCENT:
        return _graded((code - _PERCENT.start) / 100, evidence)
    raise _failed(f"It ended with exit code {code}.", result)


def _function(code: int, result: RunResult, points: float) -> Ruling:
    if code != 0:
        raise _failed(f"It ended with exit code {code}.", result)
    try:
        found = json.loads(result.files[f"{FEEDBACK}verdict.json"])
        passed, given = bool(found["passed"]), found["points"]
        message = str(found["feedback"])[:_MESSAGE]
        score = None if given is None else float(given)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise _failed("It left no verdict.", result) from error
    evidence = Evidence(team_message=message)
    if not passed:
        return Ruling(Verdict.WA, evidence, score=score)
    part = 1.0 if score is None or points <= 0 else min(1.0, max(0.0, score / points))
    return Ruling(Verdict.AC, evidence, part)


def _note(result: RunResult, name: str) -> str:
    data = result.files.get(f"{FEEDBACK}{name}", b"")
    return data[:_MESSAGE].decode("utf-8", "replace").strip()


def _number_in(result: RunResult, name: str) -> float | None:
    data = result.files.get(f"{FEEDBACK}{name}")
    if data is None:
        return None
    try:
        value = float(data[:100])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _failed(f"It wrote no number to {name}.", result)
    return value


def _failed(text: str, result: RunResult) -> JudgeError:
    said = result.stderr[-_MESSAGE:].decode("utf-8", "replace").strip()
    return JudgeError(f"The checker or interactor failed: {text}", meaning=said)


def limits_for_output(limits: Limits, expected: int) -> Limits:
    """Return limits that keep enough of the output to compare it with ``expected`` bytes."""
    wanted = expected + 64 * 1024
    return dataclasses.replace(limits, output=wanted) if wanted > limits.output else limits


NAMED: Final = {
    "exact": Comparison(Rule.EXACT),
    "trimmed": Comparison(),
    "tokens": Comparison(Rule.TOKENS),
    "case-insensitive": Comparison(ignore_case=True),
    "floats": Comparison(Rule.TOKENS, ignore_case=True, absolute=1e-6, relative=1e-6),
    "unordered": Comparison(Rule.UNORDERED),
    "icpc": Comparison.icpc(),
}
"""The comparisons that have a name."""
