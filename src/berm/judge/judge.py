"""The judge: one submission compiled once, run on its tests a few at a time, each with a verdict."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Final, Self

from berm.engine import Engine
from berm.errors import BermError, BusyError, CellError, IsolationError, LanguageError
from berm.judge.checkers import Case, check, limits_for_output
from berm.judge.interactor import Conversation, Talk, converse
from berm.judge.judgement import Judgement, Progress, Stage, TestResult
from berm.judge.problem import Problem, TestCase, load
from berm.judge.programs import Convention, JudgeError, JudgeProgram, Workshop
from berm.judge.schedule import Schedule, overall, score, worth
from berm.judge.submission import Submission
from berm.judge.timing import Timing
from berm.judge.verdict import (
    Evidence,
    Ruling,
    Verdict,
    compile_reason,
    of_run,
    output_reason,
)
from berm.model import Analysis, Limits, RunResult
from berm.program import Program

OnEvent = Callable[[Progress], None]
Policy = Callable[[Submission], str | None]
"""Looks at a submission before it is compiled; returns why it is rejected, None to let it pass."""

OUR_FAULT: Final = "The service failed to run this test; that is not the program's fault."
THEIR_FAULT: Final = "The checker or interactor failed; that is not the program's fault."
KEEP_OUTPUT: Final = 64 * 1024


class Judge:
    """Judges submissions with one engine. Safe to use from many tasks of one event loop.

    Compiled checkers are kept from one judging to the next; :meth:`close` lets them go, as does
    leaving the judge as an asynchronous context manager.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        parallel: int = 0,
        timing: Timing | None = None,
        policy: Policy | None = None,
        keep_output: int | None = KEEP_OUTPUT,
    ) -> None:
        """Judge with ``engine``, which stays the caller's.

        Args:
            engine: an entered engine.
            parallel: tests of one submission at a time; 0 for as many as the engine runs.
            timing: near which part of the time limit a run is repeated.
            policy: may reject a submission (RJ).
            keep_output: bytes of each output that a result holds, None for all that the run kept.
        """
        self._engine = engine
        self._parallel = parallel or engine.config.concurrency
        self._timing = timing or Timing()
        self._policy = policy
        self._keep_output = keep_output
        self._workshop = Workshop(engine)

    async def __aenter__(self) -> Self:
        """Return the judge."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let the compiled checkers go."""
        await self.close()

    async def close(self) -> None:
        """Let the compiled checkers go."""
        await self._workshop.close()

    async def judge(
        self,
        submission: Submission,
        problem: Problem | Sequence[TestCase],
        *,
        on_event: OnEvent | None = None,
        parallel: int = 0,
        compile_limits: Limits | None = None,
    ) -> Judgement:
        """Compile and run. Cancelling the task ends all its runs.

        Args:
            submission: what was handed in.
            problem: what it is judged by, or bare tests: pass or fail, by the default limits.
            on_event: called with every step, in the order in which they happen.
            parallel: tests at a time of this submission, 0 for the judge's own number.
            compile_limits: those that a language builds into its program; the problem's by default.

        Raises:
            LanguageError, InputError, LimitError: the submission cannot be run as it is.
            IsolationError: this machine cannot hold a required guarantee.
            BusyError: the engine takes no more runs now.
        """
        if not isinstance(problem, Problem):
            problem = Problem(tuple(problem))
        judging = _Judging(
            self, self._engine, self._workshop, submission, problem, on_event or (lambda _: None)
        )
        return await judging.run(parallel or self._parallel, compile_limits)

    @property
    def timing(self) -> Timing:
        """Near which part of the time limit a run is repeated."""
        return self._timing

    @property
    def policy(self) -> Policy | None:
        """What may reject a submission."""
        return self._policy

    @property
    def keep_output(self) -> int | None:
        """Bytes of each output that a result holds."""
        return self._keep_output


class _Judging:
    """One submission's way through the judge."""

    def __init__(
        self,
        judge: Judge,
        engine: Engine,
        workshop: Workshop,
        submission: Submission,
        problem: Problem,
        tell: OnEvent,
    ) -> None:
        self._judge = judge
        self._engine = engine
        self._workshop = workshop
        self._submission = submission
        self._problem = problem
        self._tell = tell
        self._language = engine.registry.find(submission.language).name
        self._reruns = 0
        self._analysis: Analysis | None = None
        self._started = time.perf_counter()
        self._total = len(problem.tests)

    async def run(self, parallel: int, compile_limits: Limits | None) -> Judgement:
        self._say(Stage.QUEUED)
        if self._judge.policy is not None:
            rejected = self._judge.policy(self._submission)
            if rejected is not None:
                return self._end(Verdict.RJ, Evidence(reason=rejected))
        self._say(Stage.COMPILING)
        try:
            program = await self._compile(compile_limits)
        except CellError:
            return self._end(Verdict.IE, Evidence(reason=OUR_FAULT))
        self._analysis = program.analysis
        try:
            self._tell(Progress(Stage.COMPILED, 0, self._total, compile=program.compile))
            if program.refusal:
                return self._end(Verdict.RJ, Evidence(reason=program.refusal))
            if not program.ok:
                assert program.compile is not None  # noqa: S101 - what failed has a result
                reason = compile_reason(program.compile)
                return self._end(Verdict.CE, Evidence(reason=reason), compiled=program.compile)
            tests = await self._tests(program, parallel)
        finally:
            program.close()
        verdict, evidence = overall(tests)
        return self._end(verdict, evidence, tests, program.compile)

    async def _compile(self, limits: Limits | None) -> Program:
        """Compile once; and once more if the cell broke, because nothing of it is left."""
        given = self._submission
        for attempt in (1, 2):
            try:
                return await self._engine.prepare(
                    given.source,
                    given.language,
                    given.files,
                    limits or self._problem.limits,
                    entry=given.entry,
                    flags=given.flags,
                )
            except CellError:
                if attempt == 2:
                    raise
        raise AssertionError

    async def _tests(self, program: Program, parallel: int) -> tuple[TestResult, ...]:
        schedule = Schedule(self._problem, stop=self._problem.stop and not self._problem.scoring)
        changed = asyncio.Condition()

        async def work() -> None:
            while True:
                async with changed:
                    while (index := schedule.take()) is None:
                        if schedule.over:
                            changed.notify_all()
                            return
                        await changed.wait()
                result = await self._test(program, index)
                async with changed:
                    schedule.finish(result)
                    self._tell(Progress(Stage.TESTED, schedule.finished, self._total, result))
                    changed.notify_all()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(parallel, self._total)):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return schedule.results()

    async def _test(self, program: Program, index: int) -> TestResult:
        test = self._problem.tests[index]
        try:
            ruling, run, talk = await self._judged(program, test)
        except (IsolationError, BusyError, LanguageError):
            raise
        except BermError as error:
            # A broken cell, a checker that failed, a test file that cannot be read: this test has no
            # verdict, the others still get theirs.
            reason = THEIR_FAULT if isinstance(error, JudgeError) else OUR_FAULT
            evidence = Evidence(reason=reason, judge_message=error.diagnostics())
            return self._result(index, test, Ruling(Verdict.IE, evidence), None, None)
        return self._result(index, test, ruling, run, talk)

    async def _judged(
        self, program: Program, test: TestCase
    ) -> tuple[Ruling, RunResult, Conversation | None]:
        case, files = await asyncio.to_thread(_loaded, test) if test.blocks else _loaded(test)
        asked = self._problem.limits_of(test, self._language)
        if self._problem.interactor is None:
            asked = limits_for_output(asked, len(case.expected))
        limits = self._judge.timing.run_limits(asked)
        run, talk = await self._again(program, test, case, files, limits, asked)
        reruns = 0
        if self._judge.timing.doubtful(run, asked) and self._may_rerun():
            reruns = 1
            async with self._engine.turns.all():
                run, talk = await self._again(
                    program, test, case, files, limits, asked, has_turn=True
                )
        ruling = talk.ruling if talk else await self._ruling(test, case, run, asked)
        if talk is not None and talk.log is not None and ruling.verdict is Verdict.AC:
            ruling = await self._checked_log(test, case, talk.log)
        if reruns:
            evidence = dataclasses.replace(ruling.evidence, reruns=reruns)
            ruling = dataclasses.replace(ruling, evidence=evidence)
        return ruling, run, talk

    def _may_rerun(self) -> bool:
        if self._reruns >= self._judge.timing.reruns:
            return False
        self._reruns += 1
        return True

    async def _again(
        self,
        program: Program,
        test: TestCase,
        case: Case,
        files: dict[str, bytes],
        limits: Limits,
        asked: Limits,
        *,
        has_turn: bool = False,
    ) -> tuple[RunResult, Conversation | None]:
        """Run once; and once more if the cell broke, because nothing of a run outlives its cell."""
        try:
            return await self._run(program, test, case, files, limits, asked, has_turn)
        except CellError:
            return await self._run(program, test, case, files, limits, asked, has_turn)

    async def _run(
        self,
        program: Program,
        test: TestCase,
        case: Case,
        files: dict[str, bytes],
        limits: Limits,
        asked: Limits,
        has_turn: bool,
    ) -> tuple[RunResult, Conversation | None]:
        given = self._submission
        args = (*given.args, *test.args)
        if self._problem.interactor is not None:
            talk = Talk(program, args, limits, dict(given.env), files, given.collect)
            conversation = await converse(
                talk,
                asked,
                self._problem.interactor,
                case,
                self._engine,
                self._workshop,
                has_turn=has_turn,
            )
            return conversation.run, conversation
        run = await self._engine.execute(
            program,
            case.input,
            args,
            limits,
            env=given.env,
            files=files,
            collect=given.collect,
            has_turn=has_turn,
        )
        return run, None

    async def _ruling(self, test: TestCase, case: Case, run: RunResult, asked: Limits) -> Ruling:
        """Judge one finished run: how it ended first, then what it printed."""
        ruling = of_run(run, asked)
        if ruling is not None:
            return ruling
        checker = test.checker or self._problem.checker
        cut = run.stdout_size > len(run.stdout)
        over = Ruling(
            Verdict.OLE,
            Evidence(output_reason(asked), 0, None, asked.output, run.stdout_size, "bytes"),
        )
        if cut and isinstance(checker, JudgeProgram):
            return over  # it would judge half an output
        case = dataclasses.replace(case, output=run.stdout)
        ruling = await check(checker, case, self._engine, self._workshop)
        return over if cut and ruling.verdict is not Verdict.AC else ruling

    async def _checked_log(self, test: TestCase, case: Case, log: bytes) -> Ruling:
        """Let the checker look at what a testlib interactor wrote down, as Polygon does."""
        checker = test.checker or self._problem.checker
        if not isinstance(checker, JudgeProgram) or checker.convention is not Convention.TESTLIB:
            return Ruling(Verdict.AC, part=1.0)
        case = dataclasses.replace(case, output=log)
        return await check(checker, case, self._engine, self._workshop)

    def _result(
        self,
        index: int,
        test: TestCase,
        ruling: Ruling,
        run: RunResult | None,
        talk: Conversation | None,
    ) -> TestResult:
        points = worth(self._problem, index)
        gained = ruling.part * points if ruling.score is None else ruling.score
        return TestResult(
            index=index,
            name=self._problem.name_of(index),
            group=test.group,
            verdict=ruling.verdict,
            evidence=ruling.evidence.withheld() if test.hidden else ruling.evidence,
            run=self._kept(run, hidden=test.hidden),
            score=gained if ruling.verdict is Verdict.AC else 0.0,
            part=ruling.part,
            hidden=test.hidden,
            transcript=talk.transcript if talk and not test.hidden else (),
        )

    def _kept(self, run: RunResult | None, *, hidden: bool) -> RunResult | None:
        """Return a run as the result may hold it: a hidden test's input can be printed, too."""
        if run is None:
            return None
        if hidden:
            return dataclasses.replace(run, stdout=b"", stderr=b"", files={})
        most = self._judge.keep_output
        if most is None or len(run.stdout) + len(run.stderr) <= most:
            return run
        return dataclasses.replace(run, stdout=run.stdout[:most], stderr=run.stderr[:most])

    def _say(self, stage: Stage) -> None:
        self._tell(Progress(stage, 0, self._total))

    def _end(
        self,
        verdict: Verdict,
        evidence: Evidence,
        tests: tuple[TestResult, ...] = (),
        compiled: RunResult | None = None,
    ) -> Judgement:
        groups = score(self._problem, tests) if tests else ()
        if self._problem.scoring:
            reached = sum(group.score for group in groups)
            points = sum(group.points for group in groups)
        else:
            reached, points = float(verdict is Verdict.AC), 1.0
        judgement = Judgement(
            verdict=verdict,
            evidence=evidence,
            language=self._language,
            tests=tests,
            groups=groups,
            score=round(reached, 9),
            points=round(points, 9),
            compile=compiled,
            analysis=self._analysis,
            seconds=time.perf_counter() - self._started,
            reruns=self._reruns,
        )
        done = sum(test.verdict is not None for test in tests)
        self._tell(Progress(Stage.DONE, done, self._total, judgement=judgement))
        return judgement


def _loaded(test: TestCase) -> tuple[Case, dict[str, bytes]]:
    """Read a test's data, from files where they lie in files."""
    case = Case(load(test.input), load(test.expected), b"", test.checker_args, test.points)
    return case, {name: load(data) for name, data in test.files.items()}
