"""The judge on real cells: verdicts with their evidence, checkers, interactors, groups, artifacts."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import berm
from berm.judge import (
    NAMED,
    Aggregate,
    Comparison,
    Convention,
    DataFile,
    Group,
    Judge,
    JudgeProgram,
    Problem,
    Stage,
    Submission,
    TestCase,
    TimeFactor,
    Timing,
    Verdict,
)
from berm.model import MIB

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

LIMITS = berm.Limits(cpu_time=0.5, wall_time=15.0, memory=128 * MIB)
SLEEPY = dataclasses.replace(LIMITS, wall_time=2.0)


@pytest.fixture(scope="module")
async def engine() -> AsyncIterator[berm.Engine]:
    async with berm.Engine() as opened:
        yield opened


@pytest.fixture(scope="module")
async def judge(engine: berm.Engine) -> AsyncIterator[Judge]:
    async with Judge(engine) as made:
        yield made


def one(expected: str = "42\n", **more) -> Problem:
    return Problem([TestCase("41\n", expected)], LIMITS, **more)


async def verdict(judge: Judge, source: str, problem: Problem | None = None, language="python"):
    judgement = await judge.judge(Submission(source, language), problem or one())
    [test] = judgement.tests
    assert judgement.verdict is test.verdict
    return test


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
    async with asyncio.timeout(20), engine.alone():  # every turn is free again
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


# --- checkers ------------------------------------------------------------------------------------

ICPC = """
import sys
answer, output = open(sys.argv[2]).read().split(), sys.stdin.read().split()
question, feedback = open(sys.argv[1]).read(), sys.argv[3]
open(feedback + "judgemessage.txt", "w").write(f"{question} {sys.argv[4:]}")
if output == ["crash"]:
    sys.exit(0)
if output == ["half"]:
    open(feedback + "score_multiplier.txt", "w").write("0.5")
    sys.exit(42)
sys.exit(42 if sorted(output) == sorted(answer) else 43)
"""
TESTLIB = """
#include <cstdio>
#include <cstring>
int main(int argc, char **argv) {
    char output[100] = "", answer[100] = "";
    FILE *out = fopen(argv[2], "r"), *ans = fopen(argv[3], "r");
    if (!out || !ans || fscanf(ans, "%99s", answer) != 1) return 3;
    if (fscanf(out, "%99s", output) != 1) { fprintf(stderr, "unexpected eof"); return 8; }
    if (!strcmp(output, "points")) { fprintf(stderr, "points 0.25 some"); return 7; }
    if (!strcmp(output, "percent")) return 50 + 40;
    if (!strcmp(output, "crash")) return 40;
    if (strcmp(output, answer)) { fprintf(stderr, "wrong answer %s", output); return 1; }
    return 0;
}
"""
FUNCTION = """
class Result:
    def __init__(self, passed, points, feedback):
        self.passed, self.points, self.feedback = passed, points, feedback

def check(process_output, judge_output, **kwargs):
    word = process_output.strip()
    print('{"passed": true}')
    if word == b"half":
        return Result(True, kwargs["point_value"] / 2, "half of it")
    if word == b"crash":
        raise ValueError(word)
    return word == judge_output.strip()
"""


def points(checker, *, name="x") -> Problem:
    test = TestCase("question", "x y" if name == "icpc" else "x", checker_args=("flag",))
    return Problem([test], LIMITS, scoring=True, checker=checker)


@pytest.mark.requires_toolchain("cpp")
@pytest.mark.parametrize(
    ("name", "output", "expected", "score"),
    [
        ("icpc", "y x", "AC", 1),
        ("icpc", "y", "WA", 0),
        ("icpc", "half", "AC", 0.5),
        ("icpc", "crash", "IE", 0),
        ("testlib", "x", "AC", 1),
        ("testlib", "y", "WA", 0),
        ("testlib", "", "WA", 0),
        ("testlib", "points", "AC", 0.25),
        ("testlib", "percent", "AC", 0.4),
        ("testlib", "crash", "IE", 0),
        ("function", "x", "AC", 1),
        ("function", "y", "WA", 0),
        ("function", "half", "AC", 0.5),
        ("function", "crash", "IE", 0),
    ],
)
async def test_checkers_in_cells(
    judge: Judge, name: str, output: str, expected: str, score: float
) -> None:
    checkers = {
        "icpc": JudgeProgram(ICPC, "python"),
        "testlib": JudgeProgram(TESTLIB, "cpp", Convention.TESTLIB),
        "function": JudgeProgram(FUNCTION, "python", Convention.FUNCTION),
    }
    judgement = await judge.judge(
        Submission(f"print({output!r})", "python"), points(checkers[name], name=name)
    )
    [test] = judgement.tests
    assert (test.verdict, judgement.score) == (Verdict(expected), score), test.evidence
    if name == "icpc" and expected != "IE":
        assert test.evidence.judge_message == "question ['flag']"


@pytest.mark.parametrize(
    "source",
    [
        "import time; time.sleep(100)",
        "while True: pass",
        "x = bytearray(1 << 30)",
        "def",
        "print(5)",
    ],
)
async def test_a_checker_that_fails_is_ie(judge: Judge, source: str) -> None:
    limits = berm.Limits(cpu_time=0.5, wall_time=2.0, memory=128 * MIB)
    checker = JudgeProgram(source, "python", limits=limits)
    test = await verdict(judge, "print(42)", one(checker=checker))
    assert test.verdict is Verdict.IE
    assert test.evidence.judge_message


async def test_a_checker_that_does_not_compile_or_has_no_language(judge: Judge) -> None:
    for checker in (JudgeProgram("int main() {", "c"), JudgeProgram("", "nosuch")):
        assert (await verdict(judge, "print(42)", one(checker=checker))).verdict is Verdict.IE


async def test_functions_of_the_caller(judge: Judge) -> None:
    def near(given: bytes, output: bytes, expected: bytes) -> tuple[float, str]:
        assert given == b"41\n"
        return 1 / (1 + abs(int(output) - int(expected))), "near"

    problem = dataclasses.replace(one(checker=near), scoring=True)
    judgement = await judge.judge(Submission("print(43)", "python"), problem)
    assert (judgement.verdict, judgement.score) == (Verdict.AC, 0.5)
    assert judgement.tests[0].evidence.team_message == "near"
    assert (await verdict(judge, "print('x')", one(checker=near))).verdict is Verdict.IE
    assert (await verdict(judge, "print(1)", one(checker=lambda *_: False))).verdict is Verdict.WA


@pytest.mark.parametrize(
    ("name", "output", "accepted"),
    [
        ("exact", "42 \n", False),
        ("trimmed", "42 \n\n", True),
        ("tokens", "\n  42", True),
        ("floats", "42.00000001", True),
        ("floats", "42.1", False),
        ("case-insensitive", "42", True),
        ("icpc", "4 2", False),
    ],
)
async def test_named_comparisons(judge: Judge, name: str, output: str, accepted: bool) -> None:
    test = await verdict(judge, f"print({output!r}, end='')", one(checker=NAMED[name]))
    assert (test.verdict is Verdict.AC) == accepted


async def test_presentation_errors(judge: Judge) -> None:
    asked = one(checker=Comparison(presentation=True))
    assert (await verdict(judge, "print('\\n42')", asked)).verdict is Verdict.PE
    assert (await verdict(judge, "print('\\n42')")).verdict is Verdict.WA


async def test_a_checker_of_one_test(judge: Judge) -> None:
    tests = [
        TestCase("", "1 2", checker=NAMED["tokens"]),
        TestCase("", "1 2"),
    ]
    judgement = await judge.judge(Submission("print('1  2')", "python"), tests)
    assert [test.verdict for test in judgement.tests] == ["AC", "WA"]


# --- interactors ---------------------------------------------------------------------------------

ECHO = """
import sys
for number in range(3):
    print(number, flush=True)
    line = sys.stdin.readline()
    if line != f"{number}\\n":
        sys.exit(43)
sys.exit(42)
"""


def talk(interactor: str, **more) -> Problem:
    more.setdefault("limits", LIMITS)
    return Problem([TestCase("in", "ans")], interactor=JudgeProgram(interactor, "python"), **more)


ANSWER = "for _ in range(3): print(input(), flush=True)"


@pytest.mark.parametrize(
    ("submission", "interactor", "expected", "says"),
    [
        (ANSWER, ECHO, "AC", ""),
        ("for _ in range(3): print(9, flush=True)", ECHO, "WA", ""),
        ("pass", ECHO, "WA", ""),
        ("print(input(), flush=True); 1 / 0", ECHO, "RE", "exit code 1"),
        ("import os; os.abort()", ECHO, "RE", "SIGABRT"),
        (ANSWER + "\nraise SystemExit(5)", ECHO, "RE", "exit code 5"),
        ("input(); import time; time.sleep(60)", ECHO, "TLE", "waited"),
        ("input(); input()", ECHO, "TLE", "waited"),  # both wait: it forgot to answer
        ("while True: pass", ECHO, "TLE", "CPU"),
        ("x = bytearray(1 << 30)", ECHO, "MLE", "MiB"),
        ("while True: print('x' * 100_000)", "import sys\nsys.stdin.read()\nsys.exit(42)", "OLE", "may print"),
        (ANSWER, "raise SystemExit(1)", "IE", ""),
        (ANSWER, "import os; os.abort()", "IE", ""),
        (ANSWER, "import sys; sys.exit(0)", "IE", ""),
        ("import time; time.sleep(60)", "import sys; sys.exit(43)", "WA", ""),
        ("import time; time.sleep(60)", "import os; os.abort()", "IE", ""),
        ("print(5)", "import sys\nprint(1, flush=True)\nsys.exit(42)", "AC", ""),
    ],
)  # fmt: skip
async def test_who_ends_first_decides(
    judge: Judge, submission: str, interactor: str, expected: str, says: str
) -> None:
    limits = SLEEPY if expected == "TLE" and says == "waited" else LIMITS
    test = await verdict(judge, submission, talk(interactor, limits=limits))
    assert test.verdict is Verdict(expected), test.evidence
    assert says in test.evidence.reason


async def test_the_transcript(judge: Judge) -> None:
    test = await verdict(judge, ANSWER, talk(ECHO))
    said = [(piece.side, piece.data) for piece in test.transcript]
    assert said == [(side, b"%d\n" % n) for n in range(3) for side in ("interactor", "submission")]
    assert sorted(piece.seconds for piece in test.transcript) == [
        p.seconds for p in test.transcript
    ]


async def test_many_conversations_at_once(engine: berm.Engine) -> None:
    """More at a time than there are turns: each needs two cells, and none may starve another."""
    problem = talk(ECHO)
    problem = dataclasses.replace(problem, tests=[TestCase("in", "ans")] * 8)
    async with Judge(engine, parallel=8) as judge, asyncio.timeout(60):
        judged = await asyncio.gather(
            *(judge.judge(Submission(ANSWER, "python"), problem) for _ in range(3))
        )
    assert all(judgement.accepted for judgement in judged)


async def test_large_amounts_cross_both_ways(judge: Judge) -> None:
    talks = (
        "import sys\nfor _ in range(200):\n    sys.stdout.write('x' * 10_000 + '\\n')\n"
        "    sys.stdout.flush()\n    if len(sys.stdin.readline()) != 10_001: sys.exit(43)\nsys.exit(42)"
    )
    echo = "for _ in range(200): print(input(), flush=True)"
    assert (await verdict(judge, echo, talk(talks))).verdict is Verdict.AC


async def test_a_testlib_interactor_leaves_a_log_for_the_checker(judge: Judge) -> None:
    interactor = JudgeProgram(
        "import sys\nprint(open(sys.argv[1]).read(), flush=True)\n"
        "open(sys.argv[2], 'w').write(input())\n",
        "python",
        Convention.TESTLIB,
    )
    checker = JudgeProgram(
        "import sys\nsys.exit(open(sys.argv[2]).read() != open(sys.argv[3]).read())",
        "python",
        Convention.TESTLIB,
    )
    tests = [TestCase("7", "8"), TestCase("7", "7")]
    problem = Problem(tests, LIMITS, interactor=interactor, checker=checker)
    judgement = await judge.judge(Submission("print(input(), flush=True)", "python"), problem)
    assert [test.verdict for test in judgement.tests] == ["WA", "AC"]


# --- timing --------------------------------------------------------------------------------------

BURN = """
import time
while time.process_time() < {seconds}:
    pass
print(42)
"""


async def test_what_is_a_little_too_slow_runs_once_more_alone(engine: berm.Engine) -> None:
    problem = Problem([TestCase("", "42")], berm.Limits(cpu_time=0.5, wall_time=20))
    async with Judge(engine, timing=Timing(margin=0.6)) as judge:
        judgement = await judge.judge(Submission(BURN.format(seconds=0.65), "python"), problem)
    [test] = judgement.tests
    assert (test.verdict, test.evidence.reruns, judgement.reruns) == (Verdict.TLE, 1, 1)
    assert test.evidence.limit == 0.5
    assert 0.6 < test.evidence.measured < 0.8


async def test_what_is_much_too_slow_or_in_time_does_not(engine: berm.Engine) -> None:
    problem = Problem([TestCase("", "42")], berm.Limits(cpu_time=0.5, wall_time=20))
    async with Judge(engine) as judge:
        for seconds, verdict_ in ((0.05, Verdict.AC), (5, Verdict.TLE)):
            source = BURN.format(seconds=seconds)
            judgement = await judge.judge(Submission(source, "python"), problem)
            assert (judgement.verdict, judgement.reruns) == (verdict_, 0)


async def test_repetitions_are_bounded(engine: berm.Engine) -> None:
    problem = Problem([TestCase("", "42")] * 3, berm.Limits(cpu_time=0.2, wall_time=20))
    async with Judge(engine, timing=Timing(margin=0.9, reruns=1)) as judge:
        judgement = await judge.judge(Submission(BURN.format(seconds=0.28), "python"), problem)
    assert judgement.reruns == 1
    assert [test.verdict for test in judgement.tests] == ["TLE"] * 3


async def test_alone_means_alone(engine: berm.Engine) -> None:
    running = 0
    most = 0

    async def crowd() -> None:
        nonlocal running, most
        async with engine.turn():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.005)
            running -= 1

    async def lonely() -> None:
        async with engine.alone():
            assert running == 0
            await asyncio.sleep(0.01)
            assert running == 0

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(lonely() if number % 8 == 0 else crowd())
    assert most > 1


def test_the_blocking_call() -> None:
    judgement = berm.judge("print(int(input()) + 1)", [("41", "42"), ("1", "3")])
    assert [test.verdict for test in judgement.tests] == ["AC", "WA"]
    assert berm.judge("print(2.0)", [("", "2")], checker="floats").accepted
    with pytest.raises(berm.InputError, match="Known"):
        berm.judge("", [("", "")], checker="nosuch")
    assert Aggregate("sum") is Aggregate.SUM
