"""Checkers of every kind on real cells, and what becomes of those that fail."""

from __future__ import annotations

import dataclasses

import pytest

import berm
from berm.judge import (
    NAMED,
    Comparison,
    Convention,
    Judge,
    JudgeProgram,
    Problem,
    Submission,
    TestCase,
    Verdict,
)
from berm.model import MIB

from .judge_cases import LIMITS, one, verdict

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

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
