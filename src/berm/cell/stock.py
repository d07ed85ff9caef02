"""All pools of an engine, and how they share the memory for parked cells."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from berm.cell.builder import Slots
from berm.cell.demand import Bounds, share
from berm.cell.pool import Pool
from berm.kernel.cgroups import Subtree
from berm.policy.plan import CellPlan


class Stock:
    """One pool for each plan, made when it is first asked for."""

    def __init__(self, bounds: Bounds, slots: Slots, canary_base: str) -> None:
        """Keep cells parked within ``bounds``; see :class:`berm.cell.pool.Pool` for the others."""
        self._bounds = bounds
        self._slots = slots
        self._canary_base = canary_base
        self._pools: dict[str, Pool] = {}
        self._closed = False
        self.subtree: Subtree | None = None

    @property
    def pools(self) -> Sequence[Pool]:
        """The pools made so far."""
        return tuple(self._pools.values())

    def pool(self, plan: CellPlan) -> Pool:
        """Return the pool of a plan."""
        if self._closed:
            raise RuntimeError("The engine is closed.")
        pool = self._pools.get(plan.key)
        if pool is None:
            pool = self._pools[plan.key] = Pool(
                plan,
                self._slots,
                self._allowed,
                floor=self._bounds.floor,
                ceiling=self._bounds.ceiling,
                subtree=self.subtree,
                canary_base=self._canary_base,
            )
        return pool

    def _allowed(self, pool: Pool) -> int:
        """Return how many cells a pool may keep parked beside what the others want."""
        wishes = {key: one.wish for key, one in self._pools.items()}
        return share(wishes, self._bounds.budget)[pool.plan.key]

    async def close(self) -> None:
        """End every cell and fork server."""
        self._closed = True
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        self._pools.clear()
