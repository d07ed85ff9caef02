"""Interactive problems on real cells: who ends first decides, and nothing starves."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

import berm
from berm.judge import (
    Convention,
    Judge,
    JudgeProgram,
    Problem,
    Submission,
    TestCase,
    Verdict,
)

from .judge_cases import LIMITS, SLEEPY, verdict

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

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
