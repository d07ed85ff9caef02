"""What the tests of the judge on real cells have in common: limits, the smallest problem, one verdict."""

from __future__ import annotations

import dataclasses

import berm
from berm.judge import Judge, Problem, Submission, TestCase
from berm.model import MIB

LIMITS = berm.Limits(cpu_time=0.5, wall_time=15.0, memory=128 * MIB)
SLEEPY = dataclasses.replace(LIMITS, wall_time=2.0)


def one(expected: str = "42\n", **more) -> Problem:
    return Problem([TestCase("41\n", expected)], LIMITS, **more)


async def verdict(judge: Judge, source: str, problem: Problem | None = None, language="python"):
    judgement = await judge.judge(Submission(source, language), problem or one())
    [test] = judgement.tests
    assert judgement.verdict is test.verdict
    return test
