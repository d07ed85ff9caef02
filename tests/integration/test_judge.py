"""The judge on real cells: verdicts with their evidence, checkers, interactors, groups, artifacts."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

import berm
from berm.judge import (
    Aggregate,
    DataFile,
    Group,
    Judge,
    JudgeProgram,
    Problem,
    Stage,
    Submission,
    TestCase,
    TimeFactor,
    Verdict,
)

from .judge_cases import LIMITS, SLEEPY, one, verdict

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]


@pytest.mark.parametrize(
    ("source", "expected", "says"),
    [
        ("print(int(input()) + 1)", "AC", ""),
        ("print(int(input()) + 2)", "WA", "43"),
        ("", "WA", ""),
        ("print(42); import os; os.abort()", "RE", "SIGABRT"),
        ("print(42, flush=True); import os; os.kill(os.getpid(), 11)", "RE", "SIGSEGV"),
        ("print(42); raise SystemExit(3)", "RE", "exit code 3"),
        ("print(42)\nwhile True: pass", "TLE", "CPU time"),
        ("print(42, flush=True); import time; time.sleep(60)", "TLE", "slept"),
        ("print(42); x = bytearray(1 << 30)", "MLE", "128 MiB"),
        ("while True: print('x' * 1000)", "OLE", "may print"),
    ],
)
async def test_verdicts(judge: Judge, source: str, expected: str, says: str) -> None:
    limits = SLEEPY if "sleep" in source else LIMITS
    test = await verdict(judge, source, dataclasses.replace(one(), limits=limits))
    assert test.verdict is Verdict(expected)
    shown = test.evidence.reason + str(test.evidence.difference)
    assert says in shown
    if expected == "TLE":
        assert test.evidence.limit is not None
        assert test.evidence.measured > test.evidence.limit * 0.99
        assert test.evidence.idle == ("sleep" in source)


@pytest.mark.requires_toolchain("cpp", "java", "node")
@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("cpp", "#include <vector>\nint main() { std::vector<char> v(1l << 31, 1); return v[5]; }"),
        (
            "cpp",
            "#include <cstdlib>\n#include <cstring>\nint main() { for (;;) { char *p = (char *)malloc(1 << 20); if (!p) abort(); memset(p, 1, 1 << 20); } }",
        ),
        ("javascript", "const a = []; for (;;) a.push(new Array(1 << 16).fill(a.length));"),
        (
            "java",
            "class Main { public static void main(String[] a) { var l = new java.util.ArrayList<byte[]>(); while (true) l.add(new byte[1 << 20]); } }",
        ),
    ],
)
async def test_memory_is_mle_in_every_language(judge: Judge, language: str, source: str) -> None:
    problem = Problem([TestCase("", "")], dataclasses.replace(LIMITS, cpu_time=10, wall_time=40))
    test = await verdict(judge, source, problem, language)
    assert test.verdict is Verdict.MLE, test


@pytest.mark.requires_toolchain("cpp")
async def test_a_submission_of_ten_tests_is_compiled_once(
    engine: berm.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles: list[str] = []
    perform = berm.Engine._perform

    async def counted(self, step, *args, **kwargs):
        profiles.append(step.profile)
        return await perform(self, step, *args, **kwargs)

    monkeypatch.setattr(berm.Engine, "_perform", counted)
    source = f'#include <cstdio>\nint main() {{ int x; scanf("%d", &x); printf("%d", x + 1); }} // {id(profiles)}'
    tests = [TestCase(str(number), str(number + 1)) for number in range(10)]
    async with Judge(engine) as judge:
        judgement = await judge.judge(Submission(source, "cpp"), tests)
    assert judgement.accepted
    assert profiles.count("compile") == 1
    assert len(profiles) == 11


@pytest.mark.requires_toolchain("c")
async def test_compile_errors(judge: Judge) -> None:
    seen = []
    judgement = await judge.judge(
        Submission("int main(void) { return missing; }", "c"), one(), on_event=seen.append
    )
    assert judgement.verdict is Verdict.CE
    assert judgement.tests == ()
    assert b"missing" in judgement.compile.stderr
    assert [step.stage for step in seen] == ["queued", "compiling", "compiled", "done"]


async def test_progress(judge: Judge) -> None:
    seen = []
    tests = [TestCase(str(n), str(n)) for n in range(5)]
    judgement = await judge.judge(
        Submission("print(input())", "python"), tests, on_event=seen.append
    )
    stages = [step.stage for step in seen]
    assert stages == [
        Stage.QUEUED,
        Stage.COMPILING,
        Stage.COMPILED,
        *[Stage.TESTED] * 5,
        Stage.DONE,
    ]
    assert [step.done for step in seen if step.stage is Stage.TESTED] == [1, 2, 3, 4, 5]
    assert {step.test.index for step in seen if step.test} == set(range(5))
    assert seen[-1].judgement is judgement


async def test_cancelling_ends_every_run(engine: berm.Engine, judge: Judge) -> None:
    begun = asyncio.Event()
    slow = Problem([TestCase(), TestCase()], berm.Limits(wall_time=60))
    task = asyncio.create_task(
        judge.judge(
            Submission("import time; time.sleep(50)", "python"),
            slow,
            on_event=lambda step: begun.set() if step.stage is Stage.COMPILED else None,
        )
    )
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(20), engine.turns.all():  # every turn is free again
        pass


async def test_stop_at_the_first_failure(judge: Judge) -> None:
    tests = [TestCase("1", "1"), TestCase("2", "x"), *[TestCase("3", "3")] * 6]
    problem = Problem(tests, LIMITS, stop=True)
    judgement = await judge.judge(Submission("print(input())", "python"), problem)
    assert [test.verdict for test in judgement.tests] == ["AC", "WA", *[None] * 6]


async def test_hidden_tests_say_nothing_of_their_data(judge: Judge) -> None:
    tests = [TestCase("hush", "hushed", hidden=True), TestCase("shown", "known")]
    source = "import sys; x = input(); print(x); print(x, file=sys.stderr); open('x', 'w').write(x)"
    submission = Submission(source, "python", collect=("x",))
    judgement = await judge.judge(submission, Problem(tests, LIMITS))
    assert judgement.verdict is Verdict.WA
    assert "hush" not in repr(judgement)
    assert "hush" not in str(judgement.as_dict())
    assert "shown" in str(judgement.as_dict())
    assert judgement.tests[0].usage.cpu_time > 0


async def test_hidden_interactions_say_nothing_either(judge: Judge) -> None:
    talks = JudgeProgram(
        "import sys\nprint(open(sys.argv[1]).read(), flush=True)\n"
        "open(sys.argv[3] + 'judgemessage.txt', 'w').write(input())\nsys.exit(43)\n",
        "python",
    )
    problem = Problem([TestCase("hush\n", hidden=True)], LIMITS, interactor=talks)
    judgement = await judge.judge(Submission("print(input())", "python"), problem)
    assert judgement.verdict is Verdict.WA
    assert "hush" not in str(judgement.as_dict()) + repr(judgement)


async def test_inputs_from_files(judge: Judge, tmp_path: Path) -> None:
    big = b"".join(b"%d\n" % number for number in range(600_000))
    (tmp_path / "in").write_bytes(big)
    (tmp_path / "ans").write_bytes(b"600000\n")
    tests = [TestCase(DataFile(tmp_path / "in"), DataFile(tmp_path / "ans"))]
    source = "import sys; print(sum(1 for _ in sys.stdin.buffer))"
    assert (await judge.judge(Submission(source, "python"), Problem(tests, LIMITS))).accepted
    missing = [TestCase(DataFile(tmp_path / "no"), "")]
    judgement = await judge.judge(Submission(source, "python"), Problem(missing, LIMITS))
    assert judgement.verdict is Verdict.IE


async def test_arguments_environment_and_files(judge: Judge) -> None:
    source = "import os, sys; print(*sys.argv[1:], os.environ['APP_X'], open('d/t.txt').read())"
    submission = Submission(source, "python", args=("a",), env={"APP_X": "x"})
    tests = [TestCase("", "a b x one", args=("b",), files={"d/t.txt": "one"})]
    assert (await judge.judge(submission, tests)).accepted


async def test_artifacts(judge: Judge) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(1000)
    source = (
        f"open('plot.png', 'wb').write({png!r})\n"
        "import os\nos.mkdir('d'); open('d/a.txt', 'w').write('a')\n"
        "os.symlink('/etc/passwd', 'link.png'); open('skip.txt', 'w').write('b')\n"
    )
    submission = Submission(source, "python", collect=("*.png", "d/*"))
    judgement = await judge.judge(submission, [TestCase()])
    assert dict(judgement.tests[0].run.files) == {"plot.png": png, "d/a.txt": b"a"}


async def test_many_files_with_an_entry(judge: Judge) -> None:
    submission = Submission(
        "import lib.a; print(lib.a.x, __file__)", "python", "start.py", {"lib/a.py": "x = 1"}
    )
    judgement = await judge.judge(submission, [TestCase("", "1 /work/start.py")])
    assert judgement.tests[0].run.stdout.startswith(b"1 ")
    assert judgement.tests[0].run.stdout.endswith(b"start.py\n")


async def test_policy(engine: berm.Engine) -> None:
    judge = Judge(engine, policy=lambda s: "It imports os." if "os" in str(s.source) else None)
    assert (await judge.judge(Submission("print(42)", "python"), one())).accepted
    rejected = await judge.judge(Submission("import os", "python"), one())
    assert (rejected.verdict, rejected.evidence.reason) == (Verdict.RJ, "It imports os.")
    assert rejected.tests == ()


async def test_time_factors(judge: Judge) -> None:
    factors = {"python": TimeFactor(3.0, 0.5)}
    problem = Problem([TestCase()], berm.Limits(cpu_time=0.2, wall_time=8), time_factors=factors)
    test = await verdict(judge, "while True: pass", problem)
    assert test.evidence.limit == pytest.approx(1.1)


async def test_points(judge: Judge) -> None:
    tests = [
        TestCase("1", "1", group="small"),
        TestCase("2", "2", group="small"),
        TestCase("3", "wrong", group="large"),
        TestCase("4", "4", group="large"),
        TestCase("5", "5", group="last"),
    ]
    groups = [
        Group("small", 30),
        Group("large", 70),
        Group("last", 5, requires=("large",)),
    ]
    problem = Problem(tests, LIMITS, groups=groups, scoring=True)
    judgement = await judge.judge(Submission("print(input())", "python"), problem)
    assert (judgement.score, judgement.points, judgement.verdict) == (30, 105, Verdict.WA)
    assert [test.verdict for test in judgement.tests] == ["AC", "AC", "WA", None, None]


def test_the_blocking_call() -> None:
    judgement = berm.judge("print(int(input()) + 1)", [("41", "42"), ("1", "3")])
    assert [test.verdict for test in judgement.tests] == ["AC", "WA"]
    assert berm.judge("print(2.0)", [("", "2")], checker="floats").accepted
    with pytest.raises(berm.InputError, match="Known"):
        berm.judge("", [("", "")], checker="nosuch")
    for wrong in ("x", ("1",), (1, 2)):
        with pytest.raises(berm.InputError, match="pairs|text or bytes"):
            berm.judge("", [wrong])
    assert Aggregate("sum") is Aggregate.SUM
