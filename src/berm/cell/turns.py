"""Turns: how many programs run at a time, which processor each has to itself, and runs that are alone."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import AsyncIterator, Sequence


class Turns:
    """Hands out turns in the order in which they are asked for.

    With processors, each turn comes with one that no other turn has meanwhile; turns beyond their number
    come with none.
    """

    def __init__(self, count: int, processors: Sequence[int] = ()) -> None:
        """Hand out ``count`` turns at a time; ``processors`` are the numbers of those to share out."""
        self._count = count
        self._free = collections.deque(processors)
        self._turns = asyncio.Semaphore(count)
        self._alone = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[int | None]:
        """Hold one turn; gives the number of its processor, None for a turn without."""
        async with self._turns:
            processor = self._free.popleft() if self._free else None
            try:
                yield processor
            finally:
                if processor is not None:
                    self._free.append(processor)

    @contextlib.asynccontextmanager
    async def all(self) -> AsyncIterator[None]:
        """Hold every turn: wait until nobody has one, and let nobody have one meanwhile.

        One at a time gathers them; two that gathered at once would wait for each other for ever.
        """
        async with self._alone, contextlib.AsyncExitStack() as stack:
            for _ in range(self._count):
                await stack.enter_async_context(self._turns)
            yield
