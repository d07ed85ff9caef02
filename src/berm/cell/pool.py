"""Parked cells of one plan: taken by runs, replaced off the critical path."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import secrets
from collections.abc import Callable, Coroutine
from typing import Final

from berm.cell import canary
from berm.cell.builder import ForkServer, Slots
from berm.cell.cell import Cell
from berm.cell.demand import MAKING, Demand, Wish, costs
from berm.errors import CellError, IsolationError
from berm.kernel.cgroups import CgroupLimits, Leaf, Subtree
from berm.policy.plan import CellPlan

RECYCLE_AFTER: Final = 100_000
"""Cells after which a fork server is replaced: its forks share one address-space layout."""

RECYCLE_AGE: Final = 3600.0
"""Seconds after which it is replaced too."""

REFILL_AFTER: Final = 0.004
"""Seconds for which a run that found a cell has the machine for itself: most are over by then."""

TRIM_EVERY: Final = 30.0
"""Seconds after the last run, and between two looks, until cells that nobody wants are ended."""

DRAIN: Final = 600.0
"""Seconds that the cells of a replaced fork server have to end; no run may take longer."""


class Pool:
    """The fork server of one plan, and its parked cells.

    A run that finds none parked waits for a cold cell; it never fails for that. Cells are
    refilled one at a time, so that a burst leaves the cores to the runs.
    """

    def __init__(
        self,
        plan: CellPlan,
        slots: Slots,
        allowed: Callable[[Pool], int],
        *,
        floor: int = 1,
        ceiling: int = 8,
        subtree: Subtree | None = None,
        canary_base: str = "",
    ) -> None:
        """Keep cells parked once the first run has come, ``allowed(self)`` of them.

        Each cell gets a leaf of its own below ``subtree``, where there is one. Canaries are
        staged in ``canary_base``; without it there are none.
        """
        self._subtree = subtree
        self._canary_base = canary_base
        self.plan = plan
        self._allowed = allowed
        self._floor, self._ceiling = floor, ceiling
        self._slots = slots
        self._server: ForkServer | None = None
        self._replaced: set[ForkServer] = set()
        self._started = 0.0
        self._starting = asyncio.Lock()
        self._filling = asyncio.Lock()
        self._parked: collections.deque[Cell] = collections.deque()
        self._demand = Demand()
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refill: asyncio.Task[None] | None = None
        self._recycling: asyncio.Task[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._closed = False
        self.hits = 0
        self.misses = 0
        self.recycled = 0

    @property
    def parked(self) -> int:
        """Cells ready at this moment."""
        return len(self._parked)

    @property
    def server_pid(self) -> int:
        """Process id of the fork server, 0 before the first start."""
        return self._server.pid if self._server is not None else 0

    @property
    def age(self) -> float:
        """Seconds since the fork server was started, 0 before."""
        return self._loop.time() - self._started if self._server is not None else 0.0

    @property
    def wish(self) -> Wish:
        """What this pool would like to keep parked."""
        wanted = self._demand.wanted(self._loop.time(), self._floor, self._ceiling)
        return Wish(wanted, self._floor, costs([cell.cost for cell in self._parked]))

    async def start(self) -> ForkServer:
        """Return the living fork server, starting it (again) where needed."""
        async with self._starting:
            if self._closed:
                raise CellError("The engine is closed.")
            server = self._server
            if server is not None and not server.dead:
                if server.made >= RECYCLE_AFTER or self.age > RECYCLE_AGE:
                    self._recycle_soon()
                return server
            if server is not None:
                await self._abandon()
            self._server = server = await self._new_server()
            self._started = self._loop.time()
            return server

    async def _new_server(self) -> ForkServer:
        server = ForkServer(self.plan, self._slots)
        await server.start()
        try:
            await self._prove(server)
        except BaseException:
            await server.close()
            raise
        return server

    async def _abandon(self) -> None:
        """End the fork server and all of its cells."""
        server, self._server = self._server, None
        await self._drop_parked()
        if server is not None:
            await server.close()

    def _recycle_soon(self) -> None:
        if self._recycling is None or self._recycling.done():
            self._recycling = self._do(self._recycle)

    async def _recycle(self) -> None:
        """Put a new fork server in the old one's place, and let the old one's runs end.

        If a canary gets out of the new one, the old one ends too: the next run starts another, and
        is told what that one's canary found.
        """
        try:
            server = await self._new_server()
        except IsolationError:
            await self._abandon()
            return
        old, self._server, self._started = self._server, server, self._loop.time()
        self.recycled += 1
        if old is not None:
            self._replaced.add(old)
            theirs = [cell for cell in self._parked if old.owns(cell)]
            for cell in theirs:  # all at once, before anybody else can take one
                self._parked.remove(cell)
            for cell in theirs:
                await cell.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN):
                    await old.drained.wait()
            await old.close()
            self._replaced.discard(old)

    async def prove(self) -> None:
        """Send the canaries again; one that gets through ends the fork server and is raised."""
        server = await self.start()
        try:
            await self._prove(server)
        except IsolationError:
            await server.close()
            raise

    async def _prove(self, server: ForkServer) -> None:
        if not self._canary_base:
            return
        with canary.stage(self._canary_base) as staged:
            cell = await server.cell(self._leaf(), forks=True)
            try:
                await canary.prove(cell, staged)
            finally:
                await cell.close()
        cell = await server.cell(self._leaf(), forks=True)
        try:
            await canary.prove_memory(cell)
        finally:
            await cell.close()

    async def take(self, *, parked: bool = True) -> Cell:
        """Return a parked cell, or a cold one.

        Without ``parked`` always a cold one: after a fork server was killed, its parked cells look
        alive until its end is heard of, and only making one tells.
        """
        self._demand.note(self._loop.time())
        while parked and self._parked:
            cell = self._parked.popleft()
            if cell.alive:
                self.hits += 1
                self._later("refill", REFILL_AFTER if self._parked else 0.0, self._refill_soon)
                return cell
            await cell.close()
        self.misses += 1
        server = await self.start()
        try:
            cell = await server.cell(self._leaf(), urgent=True)
        except CellError:
            if not server.dead:
                raise
            cell = await (await self.start()).cell(self._leaf(), urgent=True)
        self._later("refill", REFILL_AFTER, self._refill_soon)
        return cell

    def _leaf(self) -> Leaf | None:
        if self._subtree is None:
            return None
        return self._subtree.create(f"cell-{secrets.token_hex(8)}", CgroupLimits())

    def bury(self, cell: Cell) -> None:
        """Close a used cell without making its run wait for it."""
        self._do(cell.close)

    async def fill(self) -> None:
        """Park cells until there are as many as are wanted and allowed; the floor at least."""
        self._demand.last = max(self._demand.last, self._loop.time())
        await self._fill()

    async def _fill(self) -> None:
        async with self._filling:
            while not self._closed and len(self._parked) < self._allowed(self):
                # With none left and more than one run to come meanwhile, this one is taken at once.
                urgent = not self._parked and self._demand.rate(self._loop.time()) * MAKING > 1.0
                cell = await (await self.start()).cell(self._leaf(), urgent=urgent)
                cell.gone.add_done_callback(functools.partial(self._lost, cell))
                self._parked.append(cell)
        self._later("trim", TRIM_EVERY, self._trim)

    def _lost(self, cell: Cell, _: object) -> None:
        """A parked cell died: it is no use any more, and another takes its place."""
        if cell in self._parked:
            self._parked.remove(cell)
            self.bury(cell)
            self._later("refill", REFILL_AFTER, self._refill_soon)

    def _refill_soon(self) -> None:
        if (self._refill is None or self._refill.done()) and not self._closed:
            self._refill = self._do(self._fill)

    def _trim(self) -> None:
        """End cells that the demand of late does not warrant, and look again while some are left."""
        while len(self._parked) > self._allowed(self):
            self.bury(self._parked.pop())
        if self._parked:
            self._later("trim", TRIM_EVERY, self._trim)

    def _later(self, name: str, seconds: float, what: Callable[[], None]) -> None:
        """Call ``what`` once; a call of that name that is due already stands."""
        if name in self._timers or self._closed:
            return

        def due() -> None:
            del self._timers[name]
            what()

        self._timers[name] = self._loop.call_later(seconds, due)

    def _do(self, work: Callable[[], Coroutine[object, object, None]]) -> asyncio.Task[None]:
        """Do something beside the runs. What fails here fails again, and is told, at the next take."""

        async def done() -> None:
            with contextlib.suppress(CellError, IsolationError, TimeoutError):
                await work()

        task = self._loop.create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _drop_parked(self) -> None:
        cells = list(self._parked)
        self._parked.clear()
        for cell in cells:
            await cell.close()

    async def close(self) -> None:
        """End every parked cell and the fork server."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in (self._refill, self._recycling):
            if task is not None:
                task.cancel()
        await self._drop_parked()
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))
        await self._abandon()
        for server in self._replaced:  # those whose last runs were not awaited
            await server.close()
        self._replaced.clear()
