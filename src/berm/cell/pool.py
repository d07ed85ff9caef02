"""Parked cells of one plan: taken by runs, replaced off the critical path."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import secrets
from typing import Final

from berm.cell import canary
from berm.cell.builder import ForkServer, Slots
from berm.cell.cell import Cell
from berm.errors import CellError, IsolationError
from berm.kernel.cgroups import CgroupLimits, Leaf, Subtree
from berm.policy.plan import CellPlan

RECYCLE_AFTER: Final = 100_000
"""Cells after which a fork server is replaced: its forks share one address-space layout."""


class Pool:
    """The fork server of one plan, and its parked cells.

    A run that finds none parked waits for a cold cell; it never fails for that. Cells are
    refilled one at a time, so that a burst leaves the cores to the runs.
    """

    def __init__(
        self,
        plan: CellPlan,
        slots: Slots,
        depth: int,
        *,
        subtree: Subtree | None = None,
        canary_base: str = "",
    ) -> None:
        """Keep at most ``depth`` cells parked once the first run has come.

        Each cell gets a leaf of its own below ``subtree``, where there is one. Canaries are
        staged in ``canary_base``; without it there are none.
        """
        self._subtree = subtree
        self._canary_base = canary_base
        self.plan = plan
        self.depth = depth
        self._slots = slots
        self._server: ForkServer | None = None
        self._starting = asyncio.Lock()
        self._filling = asyncio.Lock()
        self._parked: collections.deque[Cell] = collections.deque()
        self._refill: asyncio.Task[None] | None = None
        self._burials: set[asyncio.Task[None]] = set()
        self._closed = False
        self.hits = 0
        self.misses = 0

    @property
    def parked(self) -> int:
        """Cells ready at this moment."""
        return len(self._parked)

    @property
    def server_pid(self) -> int:
        """Process id of the fork server, 0 before the first start."""
        return self._server.pid if self._server is not None else 0

    async def start(self) -> ForkServer:
        """Return the living fork server, starting it (again) where needed."""
        async with self._starting:
            if self._closed:
                raise CellError("The engine is closed.")
            server = self._server
            if server is not None and not server.dead and server.made < RECYCLE_AFTER:
                return server
            if server is not None:
                self._server = None
                await self._drop_parked()
                await server.close()
            server = ForkServer(self.plan, self._slots)
            await server.start()
            try:
                await self._prove(server)
            except BaseException:
                await server.close()
                raise
            self._server = server
            return server

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
            cell = await server.cell(self._leaf())
            try:
                await canary.prove(cell, staged)
            finally:
                await cell.close()
        cell = await server.cell(self._leaf())
        try:
            await canary.prove_memory(cell)
        finally:
            await cell.close()

    async def take(self) -> Cell:
        """Return a parked cell, or a cold one."""
        while self._parked:
            cell = self._parked.popleft()
            if cell.alive:
                self.hits += 1
                self._refill_soon()
                return cell
            await cell.close()
        self.misses += 1
        server = await self.start()
        try:
            cell = await server.cell(self._leaf())
        except CellError:
            if not server.dead:
                raise
            cell = await (await self.start()).cell(self._leaf())
        self._refill_soon()
        return cell

    def _leaf(self) -> Leaf | None:
        if self._subtree is None:
            return None
        return self._subtree.create(f"cell-{secrets.token_hex(8)}", CgroupLimits())

    def bury(self, cell: Cell) -> None:
        """Close a used cell without making its run wait for it."""
        task = asyncio.get_running_loop().create_task(cell.close())
        self._burials.add(task)
        task.add_done_callback(self._burials.discard)

    async def fill(self) -> None:
        """Park cells until the pool is full."""
        async with self._filling:
            while len(self._parked) < self.depth and not self._closed:
                server = await self.start()
                self._parked.append(await server.cell(self._leaf()))

    def _refill_soon(self) -> None:
        if (self._refill is None or self._refill.done()) and not self._closed and self.depth:
            self._refill = asyncio.get_running_loop().create_task(self._refilled())

    async def _refilled(self) -> None:
        with contextlib.suppress(CellError, TimeoutError):
            await self.fill()  # a failure here shows again, and is raised, at the next take

    async def _drop_parked(self) -> None:
        cells = list(self._parked)
        self._parked.clear()
        for cell in cells:
            await cell.close()

    async def close(self) -> None:
        """End every parked cell and the fork server."""
        self._closed = True
        if self._refill is not None:
            self._refill.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._refill
        await self._drop_parked()
        await asyncio.gather(*self._burials)
        if self._server is not None:
            await self._server.close()
            self._server = None
