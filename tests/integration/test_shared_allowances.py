"""Rates in PostgreSQL: the same as the arithmetic, together over many connections, and when it is away."""

from __future__ import annotations

import asyncio

import pytest

from berm.errors import StoreError
from berm.service.limits.allowances import SharedAllowances, _swept
from berm.service.limits.gcra import Rate
from berm.service.store import migration
from berm.service.store.opening import open_database
from berm.service.store.settings import StoreSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def replicas(postgresql):
    """Two replicas' connections to one database."""
    settings = StoreSettings.load({"url": postgresql.database()}, {})
    await migration.migrate(settings)
    databases = [await open_database(settings) for _ in range(2)]
    yield databases
    for database in databases:
        await database.close()


async def test_replicas_count_together(replicas):
    one, two = (SharedAllowances(database) for database in replicas)
    rate = Rate(20, 3600)
    readings = await asyncio.gather(
        *(which.take("k", rate) for _ in range(30) for which in (one, two))
    )
    assert sum(reading.allowed for reading in readings) == 20
    refused = [reading for reading in readings if not reading.allowed]
    assert all(0 < reading.retry_after <= 180 for reading in refused)
    assert (await two.take("other", rate)).remaining == 19
    assert (await one.take("k", rate, 0)).remaining == 0
    await one.charge("spent", rate, 100)
    reading = await two.take("spent", rate)
    assert not reading.allowed
    assert reading.retry_after == pytest.approx(81 * 180, abs=60)


async def test_rows_that_say_nothing_are_swept(replicas):
    one = SharedAllowances(replicas[0])
    await one.take("short", Rate(1000, 0.01))
    await one.take("long", Rate(1, 3600))
    await asyncio.sleep(0.05)
    await replicas[0].run(_swept)
    rows = await replicas[1].fetch("SELECT key FROM allowances")
    assert [row["key"] for row in rows] == ["long"]


async def test_a_store_that_is_away_leaves_a_limit(replicas, monkeypatch):
    one = SharedAllowances(replicas[0])

    async def away(*args, **kwargs):
        raise StoreError("away")

    monkeypatch.setattr(replicas[0], "run", away)
    rate = Rate(3, 60)
    assert [(await one.take("k", rate)).allowed for _ in range(5)] == [True] * 3 + [False] * 2
