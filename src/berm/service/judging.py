"""One submission: compiled once, run on each of its tests, a few at a time."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Final

import structlog

from berm.engine import Engine
from berm.errors import CellError
from berm.model import Enforcement, Limits, RunResult, Usage
from berm.program import Program
from berm.service.echo import Echo
from berm.service.schemas import ExecuteRequest, TestCase, TestResult
from berm.service.settings import ServiceSettings
from berm.service.testfiles import TestFileError, TestFiles
from berm.service.verdict import Ruling, Verdict, compile_reason, rule

_log: Final = structlog.get_logger("berm.service.judging")

_CPU_PER_WALL: Final = 2.0
_LEAST_SECONDS: Final = 0.01  # what Limits takes; a timeout below it is as hopeless
_OUTPUT_SLACK: Final = 64 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A judged submission.

    Attributes:
        tests: in the order of the request.
        usage: of each run, for the sums; empty where nothing ran.
        enforcement: what was in force, as the runs themselves reported it.
        seconds: real time of the whole.
    """

    tests: list[TestResult]
    usage: list[Usage]
    enforcement: list[Enforcement]
    seconds: float


def limits_for(timeout: float) -> Limits:
    """Return a test's limits: ``timeout`` seconds of real time, twice as much CPU time.

    The factor is that of the defaults (5 s and 10 s). Without it a runtime with helper threads of
    its own would end before its time; with it, many threads cannot take more than two processors.
    """
    seconds = max(timeout, _LEAST_SECONDS)
    return Limits(wall_time=seconds, cpu_time=seconds * _CPU_PER_WALL)


class Judge:
    """Judges submissions with one engine. Safe to use from many tasks of one event loop."""

    def __init__(self, engine: Engine, files: TestFiles, settings: ServiceSettings) -> None:
        self._engine = engine
        self._files = files
        self._settings = settings

    async def judge(self, request: ExecuteRequest) -> Judged:
        """Compile and run. Cancelling the task ends all its runs.

        Raises:
            berm.LanguageError, berm.InputError: the submission cannot be run as it is.
            TestFileError: a test names a file that cannot be used; nothing was run.
            berm.BusyError: the engine takes no more runs now.
        """
        started = time.perf_counter()
        for test in request.test_cases:
            for name in (test.input_file, test.expected_output_file):
                if name is not None:
                    self._files.check(name)
        limits = limits_for(request.timeout)
        program = await self._engine.prepare(request.code, request.language, limits=limits)
        try:
            submission = _Submission(self._engine, self._files, self._settings, program, limits)
            tests = await submission.run(request.test_cases)
        finally:
            program.close()
        return Judged(
            tests, submission.usage, submission.enforcement, time.perf_counter() - started
        )


class _Submission:
    def __init__(
        self,
        engine: Engine,
        files: TestFiles,
        settings: ServiceSettings,
        program: Program,
        limits: Limits,
    ) -> None:
        self._engine = engine
        self._files = files
        self._settings = settings
        self._program = program
        self._limits = limits
        self._echo = Echo(settings.response_output)
        self.usage: list[Usage] = []
        self.enforcement: list[Enforcement] = []

    async def run(self, tests: Sequence[TestCase]) -> list[TestResult]:
        compiled = self._program.compile
        if not self._program.ok:
            return self._not_compiled(tests, compiled)
        results: dict[int, TestResult] = {}
        waiting = iter(enumerate(tests, start=1))

        async def take_tests(source: Iterator[tuple[int, TestCase]]) -> None:
            for number, test in source:
                results[number] = await self._run_one(number, test)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._settings.tests_at_a_time, len(tests))):
                    group.create_task(take_tests(waiting))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [results[number] for number in sorted(results)]

    async def _run_one(self, number: int, test: TestCase) -> TestResult:
        try:
            stdin = await self._bytes(test.input_file, test.input)
            expected = await self._bytes(test.expected_output_file, test.expected_output)
            limits = self._limits
            if len(expected) + _OUTPUT_SLACK > limits.output:
                limits = dataclasses.replace(limits, output=len(expected) + _OUTPUT_SLACK)
            result = await self._execute(stdin, limits)
        except (CellError, TestFileError) as error:
            # Our fault, not the program's: this test has no verdict, the others still get theirs.
            _log.error("test failed", test=number, error=error.summary, remedy=error.remedy)
            reason = "The service failed to run this test; that is not the program's fault."
            return self._build(number, test, Ruling(Verdict.IE, reason), None, b"", b"")
        self.usage.append(result.usage)
        self.enforcement.append(result.enforcement)
        ruling = rule(result, expected, limits)
        return self._build(number, test, ruling, result, stdin, expected)

    async def _execute(self, stdin: bytes, limits: Limits) -> RunResult:
        """Run once; and once more if the cell broke, because nothing of a run outlives its cell."""
        try:
            return await self._engine.execute(self._program, stdin=stdin, limits=limits)
        except CellError as error:
            _log.warning("cell broke", error=error.summary, step=error.step)
        return await self._engine.execute(self._program, stdin=stdin, limits=limits)

    async def _bytes(self, name: str | None, text: str | None) -> bytes:
        if name is not None:
            return await asyncio.to_thread(self._files.read, name)
        return (text or "").encode()

    def _not_compiled(
        self, tests: Sequence[TestCase], compiled: RunResult | None
    ) -> list[TestResult]:
        reason = "The program does not compile."
        if compiled is not None:
            self.enforcement.append(compiled.enforcement)
            reason = self._echo.diagnostics(
                compiled.stderr or compiled.stdout, compile_reason(compiled)
            )
        return [
            self._build(number, test, Ruling(Verdict.CE, reason), None, b"", b"")
            for number, test in enumerate(tests, start=1)
        ]

    def _build(
        self,
        number: int,
        test: TestCase,
        ruling: Ruling,
        result: RunResult | None,
        stdin: bytes,
        expected: bytes,
    ) -> TestResult:
        usage = result.usage if result else Usage()
        error: str | None = ruling.reason or None
        if result is not None and ruling.verdict is not Verdict.AC:
            error = self._echo.diagnostics(result.stderr, ruling.reason) or None
        return TestResult(
            test_case_id=number if test.id is None else test.id,
            test_case_number=number,
            input=self._given(test.input_file, test.input, stdin),
            expected_output=self._given(test.expected_output_file, test.expected_output, expected),
            actual_output=self._echo.output(result.stdout) if result else "",
            error=error,
            status=ruling.status,
            verdict=ruling.verdict,
            passed=ruling.verdict is Verdict.AC,
            execution_time_ms=round(usage.wall_time * 1000, 3),
            cpu_time_ms=round(usage.cpu_time * 1000, 3),
            cpu_usage_percent=percent(usage.cpu_time, usage.wall_time),
            memory_usage_bytes=usage.memory,
        )

    def _given(self, name: str | None, text: str | None, data: bytes) -> str:
        """Echo what the test had. A file's text is shown from its beginning only."""
        return (text or "") if name is None else self._echo.file(data)


def percent(part: float, whole: float) -> float:
    """Return part of whole in percent with two decimals; 0 of nothing."""
    return round(100 * part / whole, 2) if whole > 0 else 0.0
