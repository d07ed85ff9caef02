"""Pools of parked cells: replaced without a pause, refilled, bounded, and never behind a canary's back."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import berm
from berm.cell import pool as pools
from berm.cell.pool import Pool
from berm.errors import EscapeError

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

ADD = "print(int(input()) + 1)"


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def answers(engine: berm.Engine, number: int) -> None:
    result = await engine.run(ADD, stdin=str(number))
    assert result.text == f"{number + 1}\n", result


def of_python(engine: berm.Engine) -> Pool:
    (pool,) = engine.pools
    return pool


@pytest.fixture(params=["namespaces", "confined"])
async def engine(request):
    async with berm.Engine(berm.Config(plan=request.param)) as opened:
        yield opened


async def test_a_fork_server_is_replaced_while_runs_go_on(engine, monkeypatch) -> None:
    monkeypatch.setattr(pools, "RECYCLE_AFTER", 8)
    for _ in range(30):
        await asyncio.gather(*(answers(engine, number) for number in range(8)))
        if of_python(engine).recycled >= 2:
            return
    pytest.fail(f"replaced {of_python(engine).recycled} times")


async def test_a_replaced_fork_server_ends_after_its_last_run(engine, monkeypatch) -> None:
    await answers(engine, 1)
    pool = of_python(engine)
    before = pool.server_pid
    slow = asyncio.create_task(
        engine.run("import time\ntime.sleep(3)\nprint(input())", stdin="slow")
    )
    await asyncio.sleep(0.5)
    monkeypatch.setattr(pools, "RECYCLE_AGE", 0.0)
    await answers(engine, 2)
    await until(lambda: pool.recycled == 1)
    monkeypatch.undo()
    assert pool.server_pid != before
    assert (await slow).text == "slow\n"
    await until(lambda: not os.path.exists(f"/proc/{before}"))


async def test_a_canary_that_gets_out_of_the_next_fork_server_stops_this_one(
    engine, monkeypatch
) -> None:
    await answers(engine, 1)
    pool = of_python(engine)

    async def escaped(_server: object) -> None:
        raise EscapeError("A canary got out of its cell.")

    monkeypatch.setattr(pool, "_prove", escaped)
    monkeypatch.setattr(pools, "RECYCLE_AFTER", 1)
    await pool.start()
    await until(lambda: not pool.server_pid)
    with pytest.raises(EscapeError):
        await engine.run(ADD, stdin="1")


async def test_a_parked_cell_that_dies_is_replaced(engine) -> None:
    await engine.warm(["python"])
    pool = of_python(engine)
    wanted = pool.parked
    assert wanted >= 1
    victim = pool._parked[0]
    victim._end()
    await until(lambda: victim not in pool._parked)
    await until(lambda: pool.parked == wanted)
    await answers(engine, 5)


async def test_cells_that_nobody_wants_are_ended(engine, monkeypatch) -> None:
    monkeypatch.setattr(pools, "TRIM_EVERY", 0.05)
    await engine.warm(["python"])
    pool = of_python(engine)
    assert pool.parked
    monkeypatch.setattr(pool, "_allowed", lambda _: 0)
    await until(lambda: pool.parked == 0)
    await answers(engine, 6)


async def test_without_a_budget_every_run_has_a_cold_cell() -> None:
    async with berm.Engine(berm.Config(pool_mib=0)) as engine:
        await asyncio.gather(*(answers(engine, number) for number in range(6)))
        assert (of_python(engine).parked, of_python(engine).hits) == (0, 0)


async def test_a_burst_larger_than_the_pool_is_served(engine) -> None:
    await engine.warm(["python"])
    await asyncio.gather(*(answers(engine, number) for number in range(60)))
    pool = of_python(engine)
    assert pool.hits + pool.misses >= 60
    os.kill(pool.server_pid, signal.SIGKILL)
    await answers(engine, 7)


def below(pid: int) -> set[int]:
    """The processes below one, those of its threads included."""
    found: set[int] = set()
    front = [pid]
    while front:
        task = Path(f"/proc/{front.pop()}/task")
        with contextlib.suppress(OSError):
            for thread in os.listdir(task):
                front.extend(map(int, (task / thread / "children").read_text().split()))
        found.update(front)
    return found


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


async def test_nothing_outlives_a_fork_server_that_is_killed_while_it_makes_cells(engine) -> None:
    await engine.warm(["python"])
    pool = of_python(engine)
    seen: set[int] = set()
    for attempt in range(25):
        await answers(engine, attempt)  # which has a cell made in its place
        server = pool.server_pid
        refill = asyncio.create_task(pool.fill())
        until_then = asyncio.get_running_loop().time() + attempt * 0.0004
        while asyncio.get_running_loop().time() < until_then:
            await asyncio.sleep(0)
        os.kill(server, signal.SIGSTOP)  # so that what it has forked is seen before it dies
        seen |= below(server)
        os.kill(server, signal.SIGKILL)
        with contextlib.suppress(berm.CellError):
            await refill
        await until(functools.partial(gone, server))
    assert seen
    await until(lambda: all(map(gone, seen)))


async def test_a_flood_of_signals_fails_nobody_elses_run(engine, descendants) -> None:
    """The fork server is stopped for a while, as on a machine that has no time for it."""
    await answers(engine, 1)
    talk = berm.Dialogue()
    program = await engine.prepare(
        "import signal\nsignal.signal(2, lambda *_: None)\nprint(input())"
    )
    talking = asyncio.create_task(engine.execute(program, dialogue=talk))
    await asyncio.sleep(0.3)
    server = of_python(engine).server_pid
    stopped = [server, *descendants(server)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(5000):
            talk.signal(signal.SIGINT)
        others = [asyncio.create_task(answers(engine, number)) for number in range(4)]
        await asyncio.sleep(0.5)
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    await asyncio.gather(*others)
    talk.write(b"over\n")
    assert (await talking).text == "over\n"
    program.close()
