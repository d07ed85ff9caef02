"""``berm.judge``: the judge for programs that are not asynchronous themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from berm.blocking import background
from berm.engine import Engine
from berm.errors import InputError
from berm.judge.checkers import NAMED, Checker
from berm.judge.judge import Judge, OnEvent
from berm.judge.judgement import Judgement
from berm.judge.problem import Problem, TestCase
from berm.judge.submission import Submission
from berm.model import Limits
from berm.program import Content, bounds, content


def judge(
    source: Content | Submission,
    tests: Problem | Sequence[TestCase | tuple[Content, Content]],
    language: str = "python",
    *,
    checker: Checker | str = "trimmed",
    limits: Limits | None = None,
    files: Mapping[str, Content] | None = None,
    stop: bool = False,
    on_event: OnEvent | None = None,
) -> Judgement:
    """Judge one program and wait for the verdict.

    Args:
        source: the program's text, or a :class:`berm.judge.Submission`.
        tests: ``(input, expected output)`` pairs, test cases, or a whole problem.
        language: a name or alias; a submission and a problem bring their own options.
        checker: a checker, or the name of a comparison: ``exact``, ``trimmed``, ``tokens``,
            ``case-insensitive``, ``floats``, ``unordered``, ``icpc``.
        limits: those of every test.
        files: more files of the program.
        stop: no more tests after the first that fails.
        on_event: called with every step, in the thread of the engine.

    Raises:
        InputError, LimitError, LanguageError: the call is wrong; the message says how.
        IsolationError: this machine cannot hold a required guarantee.

    >>> import berm
    >>> berm.judge("print(int(input()) + 1)", [("41", "42"), ("1", "2")]).verdict
    <Verdict.AC: 'AC'>
    """
    if isinstance(checker, str):
        if checker not in NAMED:
            raise InputError(
                f"The checker {checker!r} is unknown.", remedy=f"Known: {', '.join(NAMED)}."
            )
        checker = NAMED[checker]
    if not isinstance(tests, Problem):
        cases = tuple(map(_case, tests))
        tests = Problem(cases, bounds(limits), checker=checker, stop=stop)
    if not isinstance(source, Submission):
        source = Submission(source, language, files=files or {})
    running = background()
    return running.run(_judge(running.engine, source, tests, on_event))


def _case(test: object) -> TestCase:
    if isinstance(test, TestCase):
        return test
    if isinstance(test, (tuple, list)) and len(test) == 2:
        return TestCase(content(test[0]), content(test[1]))
    raise InputError(
        f"A test cannot be {test!r:.80}.",
        remedy="Give pairs of input and expected output, or berm.judge.TestCase objects.",
    )


async def _judge(
    engine: Engine, submission: Submission, problem: Problem, on_event: OnEvent | None
) -> Judgement:
    async with Judge(engine) as own:
        return await own.judge(submission, problem, on_event=on_event)
