"""``POST /execute``'s side of the judge: from its request to a judgement, and to its answer."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from berm.engine import Engine
from berm.judge import EXACT, Judgement, Timing, Verdict
from berm.judge import Judge as Judges
from berm.judge import TestResult as Result
from berm.judge.judge import OUR_FAULT, OnEvent
from berm.judge.verdict import Evidence, compile_reason
from berm.model import Analysis, Enforcement, RunResult, Usage
from berm.service.assembly import Assembly, GivenData, Task
from berm.service.echo import Echo
from berm.service.evidence import (
    CompilePart,
    DifferencePart,
    EvidencePart,
    GroupPoints,
    JudgementPart,
    MadeFile,
    SaidPart,
)
from berm.service.schemas import ExecuteRequest, TestCase, TestResult
from berm.service.settings import ServiceSettings
from berm.service.testfiles import TestFiles
from berm.service.verdict import status_of

_log: Final = structlog.get_logger("berm.service.judging")


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A judged submission.

    Attributes:
        tests: in the order of the request.
        judgement: of the whole.
        usage: of each run, for the sums; empty where nothing ran.
        enforcement: what was in force, as the runs themselves reported it.
        seconds: real time of the whole.
        denials: system calls that the kernel refused some run, by name.
        analysis: what static analysis said before; None where no policy asked for it.
    """

    tests: list[TestResult]
    judgement: JudgementPart
    usage: list[Usage]
    enforcement: list[Enforcement]
    seconds: float
    denials: list[str]
    analysis: Analysis | None = None


class Judge:
    """Judges requests with one engine. Safe to use from many tasks of one event loop."""

    def __init__(
        self,
        engine: Engine,
        files: TestFiles,
        settings: ServiceSettings,
        canonical: Callable[[str], str] | None = None,
    ) -> None:
        """Judge with ``engine``, which stays the caller's.

        ``canonical`` returns the name of a language that is offered, and refuses any other; by default
        the engine's own.
        """
        self._engine = engine
        self._files = files
        self._settings = settings
        self._canonical = canonical or (lambda name: engine.registry.get(name).name)

    async def check(self, request: ExecuteRequest, *, files: bool = True) -> None:
        """Raise what is wrong with a request, before anything of it is run.

        With ``files``, also :class:`TestFileError` if a test names one that cannot be read now.
        """
        await self._task(request, files=files)

    async def judge(self, request: ExecuteRequest, on_event: OnEvent | None = None) -> Judged:
        """Compile and run. Cancelling the task ends all its runs.

        ``on_event`` is called with every step.

        Raises:
            berm.LanguageError, berm.InputError: the submission cannot be run as it is.
            TestFileError: a test names a file that cannot be used; nothing was run.
            berm.BusyError: the engine takes no more runs now.
        """
        started = time.perf_counter()
        task = await self._task(request, files=True)
        # Whoever pressed "run" gets what the timeout says; repeating runs alone is for contests.
        reruns = self._settings.reruns if task.steady else 0
        judge = Judges(
            self._engine,
            parallel=self._settings.tests_at_a_time,
            timing=Timing(reruns=reruns) if reruns else EXACT,
            keep_output=None,
        )
        async with judge:
            judgement = await judge.judge(task.submission, task.problem, on_event=on_event)
        answer = _Answer(Echo(self._settings.response_output))
        tests = answer.tests(request.test_cases, task, judgement)
        ran = [result.run for result in judgement.tests if result.run is not None]
        compiled = [judgement.compile] if judgement.compile and not ran else []
        return Judged(
            tests,
            answer.judgement(judgement),
            [run.usage for run in ran],
            [run.enforcement for run in [*ran, *compiled]],
            time.perf_counter() - started,
            sorted({denial.syscall for run in ran for denial in run.denials or ()}),
            judgement.analysis,
        )

    async def _task(self, request: ExecuteRequest, *, files: bool) -> Task:
        registry = self._engine.registry
        assembly = Assembly(registry, self._canonical, self._files, self._settings)
        if request.archive is None:
            task = assembly.task(request)
        else:  # unpacking takes a while
            task = await asyncio.to_thread(assembly.task, request)
        if files:
            assembly.check_files(task)
        return task


class _Answer:
    """Makes the parts of one answer, whose outputs have one budget together."""

    def __init__(self, echo: Echo) -> None:
        self._echo = echo

    def tests(
        self, tests: Sequence[TestCase], task: Task, judgement: Judgement
    ) -> list[TestResult]:
        """Return what each test came to; the same for all of them where nothing ran."""
        if judgement.tests:
            rows = zip(tests, judgement.tests, task.inputs, task.expected, strict=True)
            return [self._result(*row) for row in rows]
        reason = judgement.evidence.reason
        if judgement.verdict is Verdict.CE and judgement.compile is not None:
            said = judgement.compile.stderr or judgement.compile.stdout
            reason = self._echo.diagnostics(said, compile_reason(judgement.compile))
        evidence = dataclasses.replace(judgement.evidence, judge_message="")
        none = [
            Result(index, "", test.group, judgement.verdict, evidence, hidden=test.hidden)
            for index, test in enumerate(tests)
        ]
        return [
            self._build(test, result, reason, (test.input or "", test.expected_output or ""))
            for test, result in zip(tests, none, strict=True)
        ]

    def judgement(self, judgement: Judgement) -> JudgementPart:
        """Return what the whole came to."""
        made = judgement.compile
        return JudgementPart(
            verdict=judgement.verdict,
            reason=judgement.evidence.reason,
            score=judgement.score,
            points=judgement.points,
            groups=[
                GroupPoints(name=one.name, verdict=one.verdict, score=one.score, points=one.points)
                for one in judgement.groups
            ],
            reruns=judgement.reruns,
            compile=None
            if made is None
            else CompilePart(
                ok=made.outcome.ok,
                output=self._echo.diagnostics(made.stderr + made.stdout, ""),
                execution_time_ms=_milliseconds(made.usage.wall_time),
                cpu_time_ms=_milliseconds(made.usage.cpu_time),
                memory_usage_bytes=made.usage.memory,
            ),
        )

    def _result(
        self, test: TestCase, result: Result, given: GivenData, expected: GivenData
    ) -> TestResult:
        if result.verdict is Verdict.IE and result.evidence.reason == OUR_FAULT:
            # Not the program's, nor a checker's: this test has no verdict, the others have theirs.
            _log.error("test failed", test=result.index + 1, error=result.evidence.judge_message)
        error: str | None = result.evidence.reason or None
        if result.run is not None and result.verdict is not Verdict.AC:
            error = self._echo.diagnostics(result.run.stderr, error or "") or None
        hidden = test.hidden
        shown = ("", "") if hidden else (given.shown(self._echo), expected.shown(self._echo))
        return self._build(test, result, error, shown)

    def _build(
        self, test: TestCase, result: Result, error: str | None, shown: tuple[str, str]
    ) -> TestResult:
        run, number = result.run, result.index + 1
        usage = run.usage if run else Usage()
        hidden = test.hidden
        return TestResult(
            test_case_id=number if test.id is None else test.id,
            test_case_number=number,
            input="" if hidden else shown[0],
            expected_output="" if hidden else shown[1],
            actual_output=self._echo.output(run.stdout) if run else "",
            error=error,
            status=status_of(result.verdict),
            verdict=result.verdict,
            passed=result.verdict is Verdict.AC,
            execution_time_ms=_milliseconds(usage.wall_time),
            cpu_time_ms=_milliseconds(usage.cpu_time),
            cpu_usage_percent=percent(usage.cpu_time, usage.wall_time),
            memory_usage_bytes=usage.memory,
            hidden=hidden,
            group=test.group,
            points=round(result.score, 9),
            evidence=_evidence(result.evidence),
            files=self._files(run),
            transcript=[
                SaidPart(
                    seconds=round(said.seconds, 4),
                    side="submission" if said.side == "submission" else "interactor",
                    text=self._echo.output(said.data),
                )
                for said in result.transcript
            ],
        )

    def _files(self, run: RunResult | None) -> list[MadeFile]:
        made = []
        for name, data in sorted(run.files.items()) if run else ():
            kept = self._echo.whole(base64.b64encode(data))
            made.append(MadeFile(name=name, size=len(data), content=kept))
        return made


def _evidence(evidence: Evidence) -> EvidencePart:
    found = evidence.difference
    difference = None
    if found is not None:
        difference = DifferencePart(
            line=found.line,
            column=found.column,
            expected=found.expected,
            actual=found.actual,
            text=found.text,
        )
    # What the service says to itself about its own failure is for its log.
    ours = evidence.reason == OUR_FAULT
    return EvidencePart(
        reason=evidence.reason,
        exit_code=evidence.exit_code,
        signal=evidence.signal,
        limit=evidence.limit,
        measured=evidence.measured,
        unit=evidence.unit,
        idle=evidence.idle,
        difference=difference,
        message=evidence.team_message,
        judge_message="" if ours else evidence.judge_message,
        reruns=evidence.reruns,
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


def percent(part: float, whole: float) -> float:
    """Return part of whole in percent with two decimals; 0 of nothing."""
    return round(100 * part / whole, 2) if whole > 0 else 0.0
