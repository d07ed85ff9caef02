"""Whose turn is next: whoever used least of late, nobody for ever, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest

from berm.cell.turns import HOLD, RECENT, Turns

pytestmark = pytest.mark.anyio


class Room:
    """Turns with a clock of the test's own, and runs that end when the test says so."""

    def __init__(self, count: int = 1) -> None:
        self.now = 1000.0
        self.turns = Turns(count, clock=lambda: self.now)
        self.order: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, share: str = "") -> None:
        """Begin a run that waits for its turn, of the share that is the name's first word."""
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._run(name, share or name.partition(" ")[0]))
        await settled()

    async def _run(self, name: str, share: str) -> None:
        with self.turns.share(share):
            await self.once(name)

    async def once(self, name: str) -> None:
        end = self._ends.setdefault(name, asyncio.Event())
        async with self.turns.one():
            self.order.append(name)
            await end.wait()

    async def end(self, name: str, seconds: float = 0.0) -> None:
        """End a run after so many seconds."""
        self.now += seconds
        self._ends.setdefault(name, asyncio.Event()).set()
        await settled()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await settled()

    async def used(self, share: str, seconds: float) -> None:
        """Let a share have used some seconds just now."""
        await self.ask(f"{share} before")
        await self.end(f"{share} before", seconds)
        self.order.clear()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_used_less_goes_first() -> None:
    room = Room()
    await room.used("flood", 20)
    await room.ask("flood 1")
    await room.ask("flood 2")
    room.now += 1
    await room.ask("ann 1")
    await room.ask("bob 1")
    for name in ("flood 1", "ann 1", "bob 1", "flood 2"):
        await room.end(name, 0.1)
    assert room.order == ["flood 1", "ann 1", "bob 1", "flood 2"]


async def test_equal_shares_go_in_the_order_in_which_they_came() -> None:
    room = Room()
    names = [f"user{n} run" for n in range(6)]
    for name in names:
        await room.ask(name)
        room.now += 0.001
    for name in names:
        await room.end(name, 0.1)
    assert room.order == names


async def test_runs_of_nobody_in_particular_go_in_the_order_in_which_they_came() -> None:
    room = Room(2)
    names = [f"run {n}" for n in range(9)]
    tasks = [asyncio.create_task(room.once(name)) for name in names]
    await settled()
    assert room.order == names[:2]
    for number, name in enumerate(names):
        await room.end(name, 1.0)
        assert room.order == names[: number + 3]
    await asyncio.gather(*tasks)


async def test_what_is_running_counts_already() -> None:
    room = Room(2)
    await room.ask("long 1")
    await room.ask("short 1")
    room.now += 5
    await room.ask("long 2")
    room.now += 1
    await room.ask("ann 1")
    await room.end("short 1")
    assert room.order[2:] == ["ann 1"]


async def test_nobody_waits_for_ever_behind_those_who_come_later() -> None:
    """Newcomers without end, faster than there are turns: the flood goes on all the same."""
    room = Room()
    await room.used("flood", 20)
    await room.ask("new0 run")
    await room.ask("flood 1")
    for number in range(400):
        await room.ask(f"new{number + 1} run")
        running = room.order[-1]
        if running == "flood 1":
            break
        await room.end(running, 0.1)
    waited = 0.1 * number
    assert room.order[-1] == "flood 1"
    assert RECENT / 10 < waited <= 20


async def test_use_is_forgotten() -> None:
    room = Room()
    await room.used("flood", 5)
    room.now += 12 * RECENT
    await room.ask("blocker 1")
    await room.ask("flood 1")
    room.now += 0.001
    await room.ask("ann 1")
    await room.end("blocker 1")
    assert room.order == ["blocker 1", "flood 1"]


async def submission_of(room: Room, share: str, count: int) -> None:
    """A submission: its tests one after the other, and something to do between them."""
    with room.turns.share(share):
        for number in range(count):
            await room.once(f"{share} {number}")
            await asyncio.sleep(0)
            await asyncio.sleep(0)


async def test_a_light_share_keeps_its_turn_from_test_to_test() -> None:
    room = Room()
    await room.used("flood", 20)
    await room.ask("flood 1")
    light = asyncio.create_task(submission_of(room, "ann", 3))
    await settled()
    for name in ("flood 1", "ann 0", "ann 1"):
        await room.ask(f"{name.replace(' ', '-')} more", share="flood")
        await room.end(name, 0.1)
    assert room.order == ["flood 1", "ann 0", "ann 1", "ann 2"]
    await room.end("ann 2", 0.1)
    await light  # with its end nothing is kept for it any more
    await settled()
    assert room.order[4:] == ["flood-1 more"]


async def test_equal_shares_alternate() -> None:
    room = Room()
    both = [asyncio.create_task(submission_of(room, share, 3)) for share in ("ann", "bob")]
    await settled()
    for _ in range(6):
        await room.end(room.order[-1], 0.1)
    assert room.order == ["ann 0", "bob 0", "ann 1", "bob 1", "ann 2", "bob 2"]
    await asyncio.gather(*both)


async def test_a_turn_is_not_kept_for_long() -> None:
    room = Room()
    await room.used("flood", 20)
    await room.ask("ann 1")
    await room.ask("flood 1")
    with room.turns.share("ann"):  # at work, but it has nothing to run
        await room.end("ann 1", 0.1)
        assert room.order == ["ann 1"]
        async with asyncio.timeout(100 * HOLD + 10):
            while room.order != ["ann 1", "flood 1"]:
                await asyncio.sleep(HOLD / 2)


async def test_no_turn_is_kept_for_an_equal() -> None:
    room = Room()
    await room.ask("ann 1")
    await room.ask("bob 1")
    with room.turns.share("ann"):  # at work, but bob has used as little
        await room.end("ann 1", 0.1)
        assert room.order == ["ann 1", "bob 1"]
    await room.end("bob 1")


async def test_having_all_turns_counts_for_as_many() -> None:
    room = Room(3)
    with room.turns.share("contest"):
        async with room.turns.all():
            room.now += 2  # 6 seconds of turns
    await room.used("ann", 2)
    for name in ("x 1", "y 1", "z 1", "contest 1"):
        await room.ask(name)
    room.now += 0.01
    await room.ask("ann 1")
    await room.end("x 1")
    assert room.order[3:] == ["ann 1"]


async def test_whoever_is_cancelled_takes_nothing_along() -> None:
    room = Room()
    await room.ask("ann 1")
    await room.ask("bob 1")
    room.now += 1
    await room.ask("eve 1")
    room.now += 1
    await room.ask("bob 2")
    await room.cancel("bob 1")  # while it waits
    assert len(room.turns._shares["bob"].waiting) == 1
    await room.end("ann 1")
    assert room.order == ["ann 1", "eve 1"]
    await room.end("eve 1")
    await room.end("bob 2")
    async with asyncio.timeout(5), room.turns.all():
        pass


async def test_whoever_is_cancelled_at_the_moment_of_its_turn_gives_it_back() -> None:
    turns = Turns(1)
    async with turns.one():
        late = [asyncio.create_task(turns.one().__aenter__()) for _ in range(2)]
        await settled()
    late[0].cancel()  # it has the turn, and does not know yet
    async with asyncio.timeout(5):
        await late[1]
    assert late[0].cancelled()


async def test_all_turns_are_back_after_anything() -> None:
    """Random shares, cancelled at random: never more at a time than there are turns, and all come back."""
    chance = random.Random(7)
    turns = Turns(3)
    running = most = 0

    async def run(share: str) -> None:
        nonlocal running, most
        with turns.share(share):
            for _ in range(chance.randrange(1, 4)):
                async with turns.all() if chance.random() < 0.05 else turns.one():
                    running += 1
                    most = max(most, running)
                    try:
                        await asyncio.sleep(chance.choice([0, 0, 0.0001]))
                    finally:
                        running -= 1

    tasks = [asyncio.create_task(run(f"share {n % 7}")) for n in range(400)]
    for task in chance.sample(tasks, 150):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (running, most) == (0, 3)
    async with asyncio.timeout(5), contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(turns.one())


async def test_shares_that_used_nothing_of_late_are_forgotten() -> None:
    room = Room()
    for number in range(2000):
        await room.ask(f"user{number} run")
        await room.end(f"user{number} run", 0.2)
    assert len(room.turns._shares) < 600
