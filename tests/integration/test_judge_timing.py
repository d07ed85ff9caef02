"""Runs near the time limit, and runs that are alone."""

from __future__ import annotations

import asyncio

import pytest

import berm
from berm.judge import (
    Judge,
    Problem,
    Submission,
    TestCase,
    Timing,
    Verdict,
)

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

BURN = """
import time
while time.process_time() < {seconds}:
    pass
print(42)
"""


async def test_what_is_a_little_too_slow_runs_once_more_alone(engine: berm.Engine) -> None:
    problem = Problem([TestCase("", "42")], berm.Limits(cpu_time=0.5, wall_time=20))
    async with Judge(engine) as judge:
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
        async with engine.turns.one():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.005)
            running -= 1

    async def lonely() -> None:
        async with engine.turns.all():
            assert running == 0
            await asyncio.sleep(0.01)
            assert running == 0

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(lonely() if number % 8 == 0 else crowd())
    assert most > 1
