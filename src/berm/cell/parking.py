"""Runtimes that were started before there is a program: in cells of their pools, waiting.

What a runtime was started with cannot be changed any more, so that those that wait are kept apart by
plan, command, environment and limits. Which ones are wanted is learned from what is asked for;
together they take no more memory than the operator allows, and the longest unused make room.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import time
from typing import Final

from berm.cell.cell import Cell
from berm.cell.order import Order
from berm.cell.pool import Pool
from berm.errors import CellError

BOOT_TIMEOUT: Final = 30.0
"""Seconds that a runtime may take until it waits: a JVM on a busy small machine takes a few."""

KINDS: Final = 64
"""Different commands and limits remembered."""

RETRY: Final = 60.0
"""Seconds after which a command that failed to start is tried again."""

_MAKES_ROOM: Final = 5.0
"""Seconds for which what was just asked for is not ended to make room for another kind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Boot:
    """What a runtime is started with; equal ones can stand for each other.

    Attributes:
        argv: the command; may hold the placeholders of a cell's directories.
        env: the complete environment as pairs, same placeholders.
        rlimits: name → value as pairs.
        memory, processes: ceilings of the run that it will do.
        cost: bytes that it takes while it waits, about.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    rlimits: tuple[tuple[str, int], ...]
    memory: int
    processes: int
    cost: int

    def order(self, work: str, tmp: str) -> tuple[list[str], Order]:
        """Return the command and the order that start it in a cell with these directories."""

        def place(text: str) -> str:
            return text.replace("{work}", work).replace("{tmp}", tmp)

        order = Order(
            argv=(),
            env={name: place(value) for name, value in self.env},
            bundle=None,
            stdin=b"",
            rlimits=dict(self.rlimits),
            watch={"memory": self.memory, "processes": self.processes},
            output=0,
            flood=0,
        )
        return [place(item) for item in self.argv], order


@dataclasses.dataclass(slots=True)
class _Kind:
    """The waiting runtimes of one kind."""

    pool: Pool
    boot: Boot
    cells: collections.deque[Cell] = dataclasses.field(default_factory=collections.deque)
    wanted: int = 0
    used: float = 0.0
    retry_at: float = 0.0


class Parking:
    """All runtimes that wait, of all pools of an engine."""

    def __init__(self, budget: int, depth: int) -> None:
        """Let them take ``budget`` bytes together, and at most ``depth`` of a kind wait."""
        self.budget = budget
        self.depth = depth
        self._kinds: dict[tuple[str, Boot], _Kind] = {}
        self._refill: asyncio.Task[None] | None = None
        self._filling = asyncio.Lock()
        self._closed = False
        self.hits = 0
        self.misses = 0
        self.failed = 0
        self.last_failure = ""

    @property
    def waiting(self) -> int:
        """Runtimes that wait at this moment."""
        return sum(len(kind.cells) for kind in self._kinds.values())

    @property
    def bytes(self) -> int:
        """What they take, by what is known of each kind."""
        return sum(len(kind.cells) * kind.boot.cost for kind in self._kinds.values())

    def take(self, pool: Pool, boot: Boot) -> Cell | None:
        """Return a cell whose runtime waits, or None; either way the next one is started."""
        kind = self._kind(pool, boot)
        kind.wanted = min(self.depth, kind.wanted + 1)
        while kind.cells:
            cell = kind.cells.popleft()
            if cell.alive:
                self.hits += 1
                self._refill_soon()
                return cell
            pool.bury(cell)
        self.misses += 1
        self._refill_soon()
        return None

    async def fill(self, pool: Pool, boot: Boot) -> None:
        """Start as many of one kind as may wait."""
        self._kind(pool, boot).wanted = self.depth
        await self._fill()

    def clear(self) -> None:
        """End all that wait, and want none until they are asked for again."""
        for kind in self._kinds.values():
            self._empty(kind)

    async def settled(self) -> None:
        """Wait until everything that is wanted waits, or cannot."""
        while self._refill is not None and not self._refill.done():
            await asyncio.wait([self._refill])

    def _kind(self, pool: Pool, boot: Boot) -> _Kind:
        key = (pool.plan.key, boot)
        kind = self._kinds.pop(key, None) or _Kind(pool, boot)
        self._kinds[key] = kind  # the last one is the one used last
        kind.used = time.monotonic()
        if len(self._kinds) > KINDS:
            oldest = next(iter(self._kinds))
            self._empty(self._kinds.pop(oldest))
        return kind

    def _refill_soon(self) -> None:
        if (self._refill is None or self._refill.done()) and not self._closed:
            self._refill = asyncio.get_running_loop().create_task(self._fill())

    async def _fill(self) -> None:
        """Start runtimes, one at a time, what was asked for last first, until nothing is wanted."""
        async with self._filling:
            while (kind := self._next()) is not None:
                await self._start(kind)

    def _next(self) -> _Kind | None:
        now = time.monotonic()
        for kind in reversed(self._kinds.values()):
            lacks = len(kind.cells) < kind.wanted and now >= kind.retry_at
            if lacks and not self._closed and self._make_room(kind, now):
                return kind
        return None

    def _make_room(self, kind: _Kind, now: float) -> bool:
        """End what was unused for longer, until one more of ``kind`` fits; False if it cannot."""
        for other in list(self._kinds.values()):
            if self.bytes + kind.boot.cost <= self.budget:
                return True
            if other is not kind and other.used < kind.used and now - other.used > _MAKES_ROOM:
                self._empty(other)
        return self.bytes + kind.boot.cost <= self.budget

    def _empty(self, kind: _Kind) -> None:
        kind.wanted = 0
        while kind.cells:
            kind.pool.bury(kind.cells.popleft())

    async def _start(self, kind: _Kind) -> None:
        try:
            cell = await kind.pool.take()
        except (CellError, TimeoutError) as error:
            self._note(kind, error)
            return
        try:
            argv, order = kind.boot.order(*cell.directories)
            async with asyncio.timeout(BOOT_TIMEOUT):
                await cell.boot(argv, order)
        except (CellError, TimeoutError) as error:
            self._note(kind, error)
            await cell.close()
        except BaseException:
            await cell.close()
            raise
        else:
            kind.cells.append(cell)

    def _note(self, kind: _Kind, error: Exception) -> None:
        self.failed += 1
        self.last_failure = f"{kind.boot.argv[0]}: {error} {getattr(error, 'meaning', '')}".strip()
        kind.retry_at = time.monotonic() + RETRY

    async def close(self) -> None:
        """End every runtime that waits."""
        self._closed = True
        if self._refill is not None:
            self._refill.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._refill
        cells = [cell for kind in self._kinds.values() for cell in kind.cells]
        self._kinds.clear()
        await asyncio.gather(*(cell.close() for cell in cells))
