"""``POST /execute``'s side of the judge: from its request to a problem, from a judgement to its answer."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Final

import structlog

from berm.engine import Engine
from berm.judge import EXACT, Problem, Submission, Verdict
from berm.judge import Judge as Judges
from berm.judge import TestCase as Case
from berm.judge import TestResult as Result
from berm.judge.judge import OnEvent
from berm.judge.verdict import compile_reason
from berm.model import Analysis, Enforcement, Limits, RunResult, Usage
from berm.service.echo import Echo
from berm.service.schemas import ExecuteRequest, TestCase, TestResult
from berm.service.settings import ServiceSettings
from berm.service.testfiles import TestFiles
from berm.service.verdict import status_of

_log: Final = structlog.get_logger("berm.service.judging")

_CPU_PER_WALL: Final = 2.0
_LEAST_SECONDS: Final = 0.01  # what Limits takes; a timeout below it is as hopeless


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A judged submission.

    Attributes:
        tests: in the order of the request.
        usage: of each run, for the sums; empty where nothing ran.
        enforcement: what was in force, as the runs themselves reported it.
        seconds: real time of the whole.
        denials: system calls that the kernel refused some run, by name.
        analysis: what static analysis said before; None where no policy asked for it.
    """

    tests: list[TestResult]
    usage: list[Usage]
    enforcement: list[Enforcement]
    seconds: float
    denials: list[str]
    analysis: Analysis | None = None


def limits_for(timeout: float) -> Limits:
    """Return a test's limits: ``timeout`` seconds of real time, twice as much CPU time.

    The factor is that of the defaults (5 s and 10 s). Without it a runtime with helper threads of
    its own would end before its time; with it, many threads cannot take more than two processors.
    """
    seconds = max(timeout, _LEAST_SECONDS)
    return Limits(wall_time=seconds, cpu_time=seconds * _CPU_PER_WALL)


class Judge:
    """Judges requests with one engine. Safe to use from many tasks of one event loop."""

    def __init__(self, engine: Engine, files: TestFiles, settings: ServiceSettings) -> None:
        self._files = files
        self._settings = settings
        # Whoever pressed "run" gets what the timeout says; repeating runs alone is for contests.
        self._judge = Judges(
            engine, parallel=settings.tests_at_a_time, timing=EXACT, keep_output=None
        )

    def check(self, request: ExecuteRequest) -> None:
        """Raise :class:`TestFileError` if a test names a file that cannot be read now."""
        for test in request.test_cases:
            for name in (test.input_file, test.expected_output_file):
                if name is not None:
                    self._files.check(name)

    async def judge(self, request: ExecuteRequest, on_event: OnEvent | None = None) -> Judged:
        """Compile and run. Cancelling the task ends all its runs.

        ``on_event`` is called with every step.

        Raises:
            berm.LanguageError, berm.InputError: the submission cannot be run as it is.
            TestFileError: a test names a file that cannot be used; nothing was run.
            berm.BusyError: the engine takes no more runs now.
        """
        started = time.perf_counter()
        self.check(request)
        inputs = [self._data(test.input_file, test.input) for test in request.test_cases]
        expected = [
            self._data(test.expected_output_file, test.expected_output)
            for test in request.test_cases
        ]
        cases = tuple(Case(given, wanted) for given, wanted in zip(inputs, expected, strict=True))
        judgement = await self._judge.judge(
            Submission(request.code, request.language),
            Problem(cases, limits_for(request.timeout)),
            on_event=on_event,
        )
        answer = _Answer(Echo(self._settings.response_output))
        if judgement.tests:
            tests = [
                answer.result(test, result, given, wanted)
                for test, result, given, wanted in zip(
                    request.test_cases, judgement.tests, inputs, expected, strict=True
                )
            ]
        else:
            reason = judgement.evidence.reason
            tests = answer.not_run(request.test_cases, judgement.verdict, reason, judgement.compile)
        ran = [result.run for result in judgement.tests if result.run is not None]
        compiled = [judgement.compile] if judgement.compile and not ran else []
        return Judged(
            tests,
            [run.usage for run in ran],
            [run.enforcement for run in [*ran, *compiled]],
            time.perf_counter() - started,
            sorted({denial.syscall for run in ran for denial in run.denials or ()}),
            judgement.analysis,
        )

    def _data(self, name: str | None, text: str | None) -> _Given:
        return _Given(self._files, name, text)


class _Given:
    """One test's data: the request's text, or a file that is read when its test runs.

    Of a file no more is kept than the answer shows.
    """

    def __init__(self, files: TestFiles, name: str | None, text: str | None) -> None:
        self._files = files
        self._name = name
        self._text = text or ""
        self._beginning = b""
        self._size = 0

    def read(self) -> bytes:
        """Return the bytes; raises :class:`TestFileError` if the file cannot be used any more."""
        if self._name is None:
            return self._text.encode()
        data = self._files.read(self._name)
        self._beginning, self._size = data[: Echo.FILE], len(data)
        return data

    def shown(self, echo: Echo) -> str:
        """Return what the answer shows: the text, or the beginning of the file that was read."""
        if self._name is None:
            return self._text
        return echo.file(self._beginning, self._size)


class _Answer:
    """Makes the tests of one answer, whose outputs have one budget together."""

    def __init__(self, echo: Echo) -> None:
        self._echo = echo
        self._number = 0

    def result(self, test: TestCase, result: Result, given: _Given, expected: _Given) -> TestResult:
        verdict = result.verdict or Verdict.IE
        if verdict is Verdict.IE:
            # Our fault, not the program's: this test has no verdict, the others still have theirs.
            _log.error("test failed", test=result.index + 1, error=result.evidence.judge_message)
        error: str | None = result.evidence.reason or None
        if result.run is not None and verdict is not Verdict.AC:
            error = self._echo.diagnostics(result.run.stderr, error or "") or None
        return self._build(
            test,
            verdict,
            error,
            result.run,
            (given.shown(self._echo), expected.shown(self._echo)),
        )

    def not_run(
        self, tests: Sequence[TestCase], verdict: Verdict, reason: str, compiled: RunResult | None
    ) -> list[TestResult]:
        """Return the same for every test: nothing of it ran."""
        if verdict is Verdict.CE and compiled is not None:
            reason = self._echo.diagnostics(
                compiled.stderr or compiled.stdout, compile_reason(compiled)
            )
        return [
            self._build(test, verdict, reason, None, (test.input or "", test.expected_output or ""))
            for test in tests
        ]

    def _build(
        self,
        test: TestCase,
        verdict: Verdict,
        error: str | None,
        run: RunResult | None,
        shown: tuple[str, str],
    ) -> TestResult:
        self._number += 1
        usage = run.usage if run else Usage()
        return TestResult(
            test_case_id=self._number if test.id is None else test.id,
            test_case_number=self._number,
            input=shown[0],
            expected_output=shown[1],
            actual_output=self._echo.output(run.stdout) if run else "",
            error=error,
            status=status_of(verdict),
            verdict=verdict,
            passed=verdict is Verdict.AC,
            execution_time_ms=round(usage.wall_time * 1000, 3),
            cpu_time_ms=round(usage.cpu_time * 1000, 3),
            cpu_usage_percent=percent(usage.cpu_time, usage.wall_time),
            memory_usage_bytes=usage.memory,
        )


def percent(part: float, whole: float) -> float:
    """Return part of whole in percent with two decimals; 0 of nothing."""
    return round(100 * part / whole, 2) if whole > 0 else 0.0
