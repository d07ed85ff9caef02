"""The guard that proves isolation on a timer, against an engine whose canary gets out."""

from __future__ import annotations

import asyncio

import pytest

import berm
from berm.service.readiness import Phase, Readiness
from berm.service.server import _guard

pytestmark = pytest.mark.anyio


class LeakingEngine(berm.Engine):
    """An engine of which the third proof fails; the second cannot be made."""

    proofs = 0

    async def prove(self) -> None:
        self.proofs += 1
        if self.proofs == 2:
            raise berm.CellError("overloaded")
        if self.proofs == 3:
            raise berm.IsolationError("a canary got out")


async def test_an_escaped_canary_ends_readiness_for_good() -> None:
    engine, readiness = LeakingEngine(), Readiness()
    readiness.become_ready()
    await asyncio.wait_for(_guard(engine, 0.01, readiness), 10)
    assert engine.proofs == 3
    assert (readiness.ready, readiness.phase) == (False, Phase.COMPROMISED)
    readiness.become_ready()
    assert not readiness.ready


async def test_holding_isolation_changes_nothing() -> None:
    readiness = Readiness()
    readiness.become_ready()
    async with asyncio.timeout(10):
        task = asyncio.ensure_future(_guard(_Holding(), 0.01, readiness))
        await asyncio.sleep(0.1)
        task.cancel()
    assert readiness.ready


class _Holding(berm.Engine):
    async def prove(self) -> None:
        return
