"""Interactive tests: the submission and the interactor in a cell each, the host between them.

Who is to blame when something ends: the one that ended first decides. A submission that dies or breaks
off before the interactor has spoken its verdict is judged by how it ended; once the interactor has
rejected, nothing that the submission does afterwards matters, and it is ended. A submission that waits
for ever (deadlocks mostly come from output that was not flushed) meets the guard on real time and is too
slow, and the interactor is not blamed for waiting with it. An interactor that fails in any way of its own
is IE.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Final

from berm.cell.relay import Relay, Said
from berm.engine import Engine
from berm.errors import BermError
from berm.judge.checkers import ANSWER, FEEDBACK, INPUT, KEEP, OUTPUT, Case, ruling_of
from berm.judge.programs import Convention, JudgeError, JudgeProgram, Workshop
from berm.judge.verdict import Ruling, Verdict, evidence_of, of_run
from berm.model import Limits, OutcomeKind, RunResult
from berm.program import Program

SUBMISSION, INTERACTOR = "submission", "interactor"
_LONGER: Final = 10.0
"""Seconds of real time that the interactor has on top of the submission's, to notice its end."""


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """What came of one interactive run.

    Attributes:
        run: the submission's.
        ruling: what it comes to.
        transcript: what was said.
        log: what a testlib interactor left for a checker, None where there is none.
    """

    run: RunResult
    ruling: Ruling
    transcript: tuple[Said, ...]
    log: bytes | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Talk:
    """The submission's part of a conversation: what runs, and with what."""

    program: Program
    args: tuple[str, ...]
    limits: Limits
    env: dict[str, str]
    files: dict[str, bytes]
    collect: tuple[str, ...]


async def converse(
    talk: Talk,
    asked: Limits,
    interactor: JudgeProgram,
    case: Case,
    engine: Engine,
    workshop: Workshop,
    *,
    has_turn: bool = False,
) -> Conversation:
    """Run both sides to their end. ``asked`` are the limits that the verdict goes by.

    Raises:
        JudgeError: the interactor failed.
        CellError: a cell broke.
    """
    partner = await workshop.program(interactor)
    if has_turn:
        return await _converse(talk, asked, interactor, partner, case, engine)
    async with engine.turns.one():
        return await _converse(talk, asked, interactor, partner, case, engine)


async def _converse(
    talk: Talk,
    asked: Limits,
    interactor: JudgeProgram,
    partner: Program,
    case: Case,
    engine: Engine,
) -> Conversation:
    bounds = dataclasses.replace(
        interactor.limits, wall_time=min(600.0, talk.limits.wall_time + _LONGER)
    )
    files = {INPUT: case.input, ANSWER: case.expected, **KEEP}
    args = (INPUT, ANSWER, FEEDBACK, *interactor.args, *case.args)
    if interactor.convention is Convention.TESTLIB:
        args = (INPUT, OUTPUT, ANSWER, *interactor.args, *case.args)
    floods = (talk.limits.output_flood, bounds.output_flood)
    relay = Relay((SUBMISSION, INTERACTOR), floods)

    async def submission() -> RunResult:
        return await engine.execute(
            talk.program,
            b"",
            talk.args,
            talk.limits,
            env=talk.env,
            files=talk.files,
            collect=talk.collect,
            side=relay.left,
            has_turn=True,
        )

    async def judge() -> RunResult:
        ran = await engine.execute(
            partner,
            b"",
            args,
            bounds,
            files=files,
            collect=[f"{FEEDBACK}*", OUTPUT],
            side=relay.right,
            has_turn=True,
        )
        if not _accepts(ran, interactor):
            relay.left.end()
        return ran

    try:
        async with asyncio.TaskGroup() as group:
            left = group.create_task(submission())
            right = group.create_task(judge())
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    finally:
        relay.close()
    ruling = _ruling(left.result(), right.result(), asked, interactor, relay)
    log = right.result().files.get(OUTPUT)
    return Conversation(left.result(), ruling, relay.transcript, log)


def _accepts(ran: RunResult, interactor: JudgeProgram) -> bool:
    try:
        return ruling_of(interactor, ran).verdict is Verdict.AC
    except JudgeError:
        return False


def _ruling(
    ran: RunResult, judge: RunResult, asked: Limits, interactor: JudgeProgram, relay: Relay
) -> Ruling:
    submission_ended = relay.left.closed_at
    judge_ended = relay.right.closed_at
    first = submission_ended is not None and (
        judge_ended is None or submission_ended <= judge_ended
    )
    own = of_run(ran, asked)
    if (
        own is not None
        and own.verdict is Verdict.TLE
        and ran.outcome.kind is OutcomeKind.WALL_LIMIT
    ):
        return _waited(ran, judge, asked, relay, own)
    if own is not None and (first or _limit(ran)):
        return own
    try:
        ruling = ruling_of(interactor, judge)
    except JudgeError as error:
        if relay.right.flooded:
            raise JudgeError("The interactor wrote too much.") from error
        raise
    if own is not None and ruling.verdict is Verdict.AC:
        return own
    return ruling


def _limit(ran: RunResult) -> bool:
    """Tell whether the submission met a limit: that is its own doing, whoever ended first."""
    return ran.outcome.kind not in (OutcomeKind.EXITED, OutcomeKind.SIGNALLED)


def _waited(ran: RunResult, judge: RunResult, asked: Limits, relay: Relay, own: Ruling) -> Ruling:
    """Judge a submission that met the guard on real time: who let it wait?"""
    if judge.outcome.kind is OutcomeKind.CPU_LIMIT:
        raise JudgeError("The interactor ran out of CPU time.")
    evidence = evidence_of(ran, asked)
    text = (
        f" The last byte went between it and the interactor after {relay.last:.2f} s"
        if relay.last
        else " Nothing was said between it and the interactor"
    )
    if evidence.idle:
        text += "; both waited for the other: is the output flushed, and the input read to its end?"
    evidence = dataclasses.replace(evidence, reason=f"{evidence.reason}{text}")
    return dataclasses.replace(own, evidence=evidence)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    for error in errors.exceptions:
        if isinstance(error, (BermError, asyncio.CancelledError)):
            return error
    return errors.exceptions[0]
