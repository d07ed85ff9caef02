"""Checkers and interactors that include the real testlib.h.

testlib is not a part of Berm and no package index has it. Where a folder with ``testlib.h`` and its
``checkers`` and ``interactors`` is at hand (a checkout of github.com/MikeMirzayanov/testlib), name it:

    BERM_TESTLIB=FOLDER ./dev test tests/conformance/test_testlib.py

Each header takes seconds to compile, so a few of testlib's own checkers stand for all, and one of ours
reaches every way in which a program with testlib ends.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import berm
from berm.judge import Convention, Judge, JudgeProgram, Problem, Submission, TestCase

FOLDER = os.environ.get("BERM_TESTLIB", "")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("cpp"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(not FOLDER, reason="BERM_TESTLIB names no folder with testlib.h"),
]

LIMITS = berm.Limits(cpu_time=5, wall_time=60)
SAYS = "print(input())"

ENDS = """
#include "testlib.h"
int main(int argc, char* argv[]) {
    registerTestlibCmd(argc, argv);
    std::string how = inf.readWord();
    if (how == "wa") quitf(_wa, "wrong, said the checker");
    if (how == "pe") quitf(_pe, "not as it should look");
    if (how == "fail") quitf(_fail, "the answer is broken");
    if (how == "word" || how == "points" || how == "part") ouf.readWord();  // or it is too much
    if (how == "points") quitp(7.5, "some");
    if (how == "part") quitf(_pc(30), "a part");
    if (how == "int") ouf.readInt(1, 10, "n");
    if (how == "ans") ans.readInt();
    if (how == "crash") abort();
    quitf(_ok, "fine");
}
"""
INTERACTOR = """
#include "testlib.h"
int main(int argc, char* argv[]) {
    registerInteraction(argc, argv);
    int secret = inf.readInt(), tries = 0;
    for (;;) {
        int guess = ouf.readInt(1, 100, "guess");
        tries++;
        std::cout << (guess < secret ? "<" : guess > secret ? ">" : "=") << std::endl;
        if (guess == secret) break;
        if (tries == 10) quitf(_wa, "ten tries");
    }
    tout << tries << std::endl;
    quitf(_ok, "%d tries", tries);
}
"""
TRIES = """
#include "testlib.h"
int main(int argc, char* argv[]) {
    registerTestlibCmd(argc, argv);
    int tries = ouf.readInt();
    if (tries > ans.readInt()) quitf(_wa, "%d tries are too many", tries);
    quitf(_ok, "%d tries", tries);
}
"""
GUESSER = """
low, high = 1, 100
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    answer = input()
    if answer == "=":
        break
    low, high = (middle + 1, high) if answer == "<" else (low, middle - 1)
"""


def program(source: str) -> JudgeProgram:
    header = Path(FOLDER, "testlib.h").read_bytes()
    return JudgeProgram(source, "cpp", Convention.TESTLIB, files={"testlib.h": header})


@pytest.fixture
async def judge(engine):
    async with Judge(engine) as made:
        yield made


async def judged(judge, problem, source=SAYS):
    return (await judge.judge(Submission(source, "python"), problem)).tests


async def test_every_end_of_a_checker(judge):
    cases = [  # what the checker does, what the program prints, the verdict, the part of the points
        ("word", "1", "AC", 1.0),
        ("word", "", "WA", 0.0),
        ("word", "1 2", "WA", 0.0),  # testlib itself: more output than was read
        ("wa", "1", "WA", 0.0),
        ("pe", "1", "WA", 0.0),
        ("fail", "1", "IE", 0.0),
        ("points", "1", "AC", 7.5),
        ("part", "1", "AC", 0.3),
        ("int", "abc", "WA", 0.0),
        ("int", "11", "WA", 0.0),
        ("int", "7", "AC", 1.0),
        ("int", "", "WA", 0.0),
        ("ans", "1", "IE", 0.0),
        ("crash", "1", "IE", 0.0),
    ]
    tests = [TestCase(f"{how}\n", "x", args=(said,)) for how, said, _, _ in cases]
    problem = Problem(tests, LIMITS, scoring=True, checker=program(ENDS))
    found = await judged(judge, problem, "import sys; print(sys.argv[1])")
    assert [(one.verdict.value, round(one.score, 9)) for one in found] == [
        (verdict, part) for _, _, verdict, part in cases
    ]
    assert "wrong, said the checker" in found[3].evidence.judge_message
    assert "the answer is broken" in found[5].evidence.judge_message


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("wcmp", [("a b", "a  b\n", "AC"), ("a b", "a c", "WA"), ("a b", "a", "WA")]),
        ("rcmp6", [("1.0000001", "1", "AC"), ("1.001", "1", "WA"), ("nan", "1", "WA")]),
        ("yesno", [("yes", "YES", "AC"), ("no", "YES", "WA"), ("maybe", "YES", "WA")]),
        ("hcmp", [("123456789012345678901", "123456789012345678901", "AC"), ("01", "1", "WA")]),
        ("lcmp", [("a  b", "a b", "AC"), ("a", "a\nb", "WA")]),
    ],
)
async def test_checkers_of_testlib_itself(judge, name, cases):
    source = Path(FOLDER, "checkers", f"{name}.cpp").read_text()
    tests = [TestCase(f"{said}\n", wanted) for said, wanted, _ in cases]
    found = await judged(judge, Problem(tests, LIMITS, checker=program(source)))
    assert [one.verdict.value for one in found] == [verdict for *_, verdict in cases]


async def test_an_interactor_and_the_checker_of_what_it_wrote(judge):
    tests = [TestCase("37", "7"), TestCase("50", "1"), TestCase("37", "2")]
    problem = Problem(tests, LIMITS, interactor=program(INTERACTOR), checker=program(TRIES))
    found = await judged(judge, problem, GUESSER)
    assert [one.verdict.value for one in found] == ["AC", "AC", "WA"]
    assert "too many" in found[2].evidence.judge_message
    for source, verdict in (
        ("print(101, flush=True); input()", "WA"),
        ("print('x', flush=True); input()", "WA"),
        ("for n in range(1, 20): print(n, flush=True); input()", "WA"),
        ("pass", "WA"),
        ("import os; os.abort()", "RE"),
        ("input()", "TLE"),
        ("while True: pass", "TLE"),
    ):
        first = Problem(
            tests[:1], berm.Limits(cpu_time=1, wall_time=5), interactor=problem.interactor
        )
        [one] = await judged(judge, first, source)
        assert one.verdict.value == verdict, (source, one)


async def test_the_interactor_of_testlib_itself(judge):
    source = Path(FOLDER, "interactors", "interactor-a-plus-b.cpp").read_text()
    sums = Path(FOLDER, "checkers", "ncmp.cpp").read_text()
    tests = [TestCase("2\n1 2\n30 12\n", "3\n42\n")]
    problem = Problem(tests, LIMITS, interactor=program(source), checker=program(sums))
    adds = "for _ in range(2): print(sum(map(int, input().split())), flush=True)"
    assert [one.verdict.value for one in await judged(judge, problem, adds)] == ["AC"]
    wrong = adds.replace("sum(", "max(")
    assert [one.verdict.value for one in await judged(judge, problem, wrong)] == ["WA"]
