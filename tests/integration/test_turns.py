"""Turns and processors: pinned programs have one each, and see that they do."""

from __future__ import annotations

import asyncio
import os

import pytest

import berm
from berm.cell.turns import Turns

pytestmark = pytest.mark.anyio

WAIT = """
import os, time
for _ in range(300):  # the agent pins while the program starts
    seen = sorted(os.sched_getaffinity(0))
    if len(seen) == 1:
        break
    time.sleep(0.01)
print(*seen, flush=True)
time.sleep(1)
"""


@pytest.mark.requires_isolation
@pytest.mark.parametrize("plan", ["namespaces", "confined"])
async def test_a_pinned_program_has_a_processor_to_itself(plan: str) -> None:
    ours = sorted(os.sched_getaffinity(0))
    source = WAIT
    try:
        async with berm.Engine(berm.Config(plan=plan, pin=True, runs_at_a_time=2)) as engine:
            engine.enforcement()
            both = await asyncio.gather(*(engine.run(source) for _ in range(2)))
    except berm.IsolationError as error:
        pytest.skip(f"the {plan} plan does not work here: {error}")
    seen = [result.text.split() for result in both]
    assert all(result.outcome.ok for result in both)
    if len(ours) == 1:
        assert [str(ours[0])] in seen
        return
    assert all(len(one) == 1 and int(one[0]) in ours for one in seen)
    assert seen[0] != seen[1]


async def test_processors_are_shared_out_and_come_back() -> None:
    turns = Turns(3, (4, 7))
    async with turns.one() as first, turns.one() as second, turns.one() as third:
        assert (first, second, third) == (4, 7, None)
    async with turns.one() as again:
        assert again in (4, 7)


async def test_all_turns_wait_for_the_last_and_let_go() -> None:
    turns = Turns(2)
    order: list[str] = []

    async def everything(name: str) -> None:
        async with turns.all():
            order.append(f"{name} begins")
            await asyncio.sleep(0.01)
            order.append(f"{name} ends")

    async with asyncio.timeout(10), turns.one():
        tasks = [asyncio.create_task(everything(name)) for name in "ab"]
        await asyncio.sleep(0.01)
        assert not order
    await asyncio.gather(*tasks)
    assert order == ["a begins", "a ends", "b begins", "b ends"]
    cancelled = asyncio.create_task(everything("c"))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    async with asyncio.timeout(10), turns.all():
        pass
