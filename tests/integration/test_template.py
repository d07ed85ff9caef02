"""Warm interpreters are forked by a process that does nothing else; programs see no difference."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import berm

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("python"),
]

NO_TEMPLATE = {"_syscalls.py": "def thread_id_address():\n    return 0\n"}
"""A kernel that does not tell where the C library keeps a thread's id (CONFIG_CHECKPOINT_RESTORE)."""


@pytest.fixture(params=["namespaces", "confined"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    try:
        config = berm.Config(plan=request.param, pool_floor=1, pool_ceiling=1)
        async with berm.Engine(config) as opened:
            opened.enforcement()
            yield opened
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


def named(name: str, pids: set[int]) -> list[int]:
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                found.append(pid)
    return found


def fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


async def settled(descendants, engine) -> set[int]:
    """The processes below the fork server, once it has one parked cell and nothing else to do."""
    (pool,) = engine.pools
    await pool.fill()
    before: set[int] = set()
    for _ in range(100):
        now = descendants(pool.server_pid)
        if now == before and pool.parked == 1:
            return now
        before = now
        await asyncio.sleep(0.1)
    raise AssertionError("the fork server does not come to rest")


async def test_the_fork_server_neither_forks_a_cell_nor_pays_for_one(engine, descendants) -> None:
    assert (await engine.run("print(1)")).text == "1\n"
    below = await settled(descendants, engine)
    (template,) = named("berm-template", below | {0}) or [0]
    assert template, "no template"
    server = int(fields(template)[1])
    assert not descendants(template)  # what it forks are its siblings
    faults = int(fields(server)[7])
    for number in range(20):
        assert (await engine.run(f"print({number})")).text == f"{number}\n"
    # Forking by itself, it took some ninety for each.
    assert (int(fields(server)[7]) - faults) / 20 < 10


async def test_a_template_that_is_killed_is_replaced(engine, descendants) -> None:
    assert (await engine.run("print(1)")).text == "1\n"
    (first,) = named("berm-template", await settled(descendants, engine))
    os.kill(first, signal.SIGKILL)
    results = await asyncio.gather(*(engine.run(f"print({number})") for number in range(6)))
    assert [result.text for result in results] == [f"{number}\n" for number in range(6)]
    (second,) = named("berm-template", await settled(descendants, engine))
    assert second != first


async def test_cells_that_are_not_wanted_before_they_are_forked_leave_nothing(
    engine, descendants
) -> None:
    assert (await engine.run("print(1)")).text == "1\n"
    before = await settled(descendants, engine)
    runs = [asyncio.ensure_future(engine.run("while True: pass")) for _ in range(12)]
    for pause in (0, 0.001, 0.002, 0.004):
        await asyncio.sleep(pause)
        runs.pop().cancel()
    for run in runs:
        run.cancel()
    await asyncio.gather(*runs, return_exceptions=True)
    after = await settled(descendants, engine)
    assert len(after) == len(before)
    assert (await engine.run("print(2)")).text == "2\n"


async def test_many_at_once_are_all_right(engine) -> None:
    programs = [f"print({number}, input())" for number in range(40)]
    results = await asyncio.gather(*(engine.run(one, stdin="x\n") for one in programs))
    assert [result.text for result in results] == [f"{number} x\n" for number in range(40)]


async def test_the_c_library_knows_which_thread_it_is_in(engine) -> None:
    source = """
import os, signal, threading
hits = []
signal.signal(signal.SIGUSR1, lambda *_: hits.append(1))
signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR1)
print(hits, threading.get_native_id() == os.getpid() == threading.main_thread().native_id, flush=True)
lock = threading.RLock()
threads = [threading.Thread(target=lambda: lock.acquire() and lock.release()) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.raise_signal(signal.SIGTERM)
"""
    result = await engine.run(source)
    assert result.text == "[1, 1] True\n"
    assert (result.outcome.kind, result.outcome.signal) == (berm.OutcomeKind.SIGNALLED, 15)


async def test_no_two_programs_draw_the_same_numbers(engine) -> None:
    source = "import random, uuid, os; print(random.random(), uuid.uuid4(), os.urandom(4))"
    texts = [(await engine.run(source)).text for _ in range(4)]
    assert len(set(texts)) == 4


async def test_without_a_template_the_fork_server_forks(engine, changed, descendants) -> None:
    changed(NO_TEMPLATE)
    result = await engine.run(
        "import threading; print(input(), threading.active_count())", stdin="a"
    )
    assert result.text == "a 1\n", result
    assert not named("berm-template", await settled(descendants, engine))


@pytest.mark.parametrize("part", ["_adopt_threading()", "hold.park()"])
async def test_a_forked_process_that_fails_is_told_of(engine, changed, part) -> None:
    changed({"program.py": FAILING[part]})
    with pytest.raises(berm.CellError, match="nothing goes"):
        await engine.run("print(1)")


FAILING = {
    "_adopt_threading()": "def _adopt_threading():\n    raise OSError(5, 'nothing goes')\n",
    "hold.park()": (
        "from berm_cell import confinement\n"
        "def _park(self):\n"
        "    raise OSError(5, 'nothing goes')\n"
        "confinement.Confinement.park = _park\n"
    ),
}


async def test_without_machine_code_python_reads_the_scripts(engine, changed, descendants) -> None:
    changed({"_syscalls.py": "def machine_code(*_):\n    return None\n"})
    result = await engine.run("print(input())", stdin="a")
    assert result.text == "a\n", result
    assert not named("berm-template", await settled(descendants, engine))


@pytest.mark.parametrize(
    ("plan", "ablate"), [("namespaces", "uts-namespace"), ("confined", "landlock-net")]
)
async def test_what_to_pin_is_learned_while_no_cell_is_to_be_forked(plan, ablate) -> None:
    # Without a canary, which comes first elsewhere, the first cells are in a hurry; then others are parked.
    config = berm.Config(plan=plan, ablate=(ablate,), pool_floor=2, pool_ceiling=4)
    async with berm.Engine(config) as engine:
        runs = (engine.run(f"print({number})") for number in range(12))
        texts = [result.text for result in await asyncio.gather(*runs)]
        assert texts == [f"{number}\n" for number in range(12)]
