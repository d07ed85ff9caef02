"""The two databases behind one port: transactions, notices, migrations."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from berm.errors import ConfigError, StoreError
from berm.service.queue import JobQueue
from berm.service.store import migration
from berm.service.store.database import Database
from berm.service.store.jobs import NewJob
from berm.service.store.opening import open_database
from berm.service.store.schema import metadata
from berm.service.store.settings import StoreSettings
from berm.service.store.statement import Notice, Script, sql
from berm.service.store.wakeups import woken

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/new/berm.db"
    else:
        url = request.getfixturevalue("postgresql").database()
    return StoreSettings(url=url, patience=10)


@pytest.fixture
async def database(settings: StoreSettings) -> AsyncIterator[Database]:
    await migration.migrate(settings)
    opened = await open_database(settings)
    yield opened
    await opened.close()


def add(share: str, vfinish: float = 1.0) -> Script[float]:
    rows = yield sql(
        "INSERT INTO shares (share, priority, vfinish, touched) VALUES (:share, 1, :vfinish, :now)"
        " RETURNING vfinish, touched",
        share=share,
        vfinish=vfinish,
    )
    yield Notice("share", share)
    return float(rows[0]["vfinish"])


def add_and_fail(share: str) -> Script[None]:
    yield from add(share)
    raise KeyError(share)


async def names(database: Database) -> list[str]:
    return [row["share"] for row in await database.fetch("SELECT share FROM shares ORDER BY share")]


async def test_a_transaction_is_all_or_nothing(database):
    assert await database.run(add, "a", vfinish=2.5) == 2.5
    with pytest.raises(KeyError):
        await database.run(add_and_fail, "b")
    with pytest.raises(Exception, match="(?i)unique|refuses a statement"):
        await database.run(add, "a")
    # Those that are committed together with a failing one are not touched by it.
    ended = await asyncio.gather(
        database.run(add, "c"),
        database.run(add_and_fail, "d"),
        database.run(add, "e"),
        return_exceptions=True,
    )
    assert [type(one) for one in ended] == [float, KeyError, float]
    assert await names(database) == ["a", "c", "e"]


async def test_looking_cannot_write(database):
    with pytest.raises(StoreError):
        await database.look(add, "a")
    assert await names(database) == []


async def test_a_notice_comes_after_the_commit_and_to_whom_it_is_for(database):
    await asyncio.sleep(0.3)  # PostgreSQL's listener connects beside us
    with (
        database.wakeups.listen("share", "a") as mine,
        database.wakeups.listen("share") as every,
        database.wakeups.listen("share", "b") as others,
    ):
        with pytest.raises(KeyError):
            await database.run(add_and_fail, "a")
        await database.run(add, "a")
        assert await woken(mine, 10)
        assert await names(database) == ["a"]
        assert every.is_set()
        assert not others.is_set()
        assert not await woken(mine, 0.01)


async def test_the_clock_is_the_stores_or_the_tests(database):
    (row,) = await database.fetch("SELECT CAST(:now AS double precision) AS now")
    assert abs(row["now"] - time.time()) < 60
    database.clock = lambda: 123.5
    await database.run(add, "a")
    (row,) = await database.fetch("SELECT touched FROM shares WHERE share = :share", share="a")
    assert row["touched"] == 123.5


async def test_two_hundred_transactions_at_a_time(database):
    await asyncio.gather(*(database.run(add, f"{number:03}") for number in range(200)))
    assert len(await names(database)) == 200


async def test_migrations_make_what_the_schema_says(settings):
    assert (await migration.migrate(settings)).before is None
    again = await migration.migrate(settings)
    assert again.before == again.after == migration.newest()

    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)

    assert await migration._connected(settings, differences) == []


async def test_tables_of_another_version_are_refused(settings):
    await migration.migrate(settings)

    def pretend(connection: sa.Connection) -> None:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    await migration._connected(settings, pretend)
    with pytest.raises(ConfigError, match="does not know"):
        await open_database(settings)
    with pytest.raises(ConfigError, match="newer version"):
        await migration.migrate(settings)


async def test_postgresql_is_migrated_by_command_only(postgresql):
    url = postgresql.database()
    with pytest.raises(ConfigError, match="berm migrate"):
        await open_database(StoreSettings(url=url))
    done = subprocess.run(
        [sys.executable, "-m", "berm", "migrate"],
        env={**os.environ, "BERM_STORE_URL": url},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"migrated to step {migration.newest()}" in done.stdout
    await (await open_database(StoreSettings(url=url))).close()


async def test_eight_replicas_migrate_at_once(settings):
    await asyncio.gather(*(migration.migrate(settings) for _ in range(8)))
    await migration.check(settings)


async def test_the_query_that_the_guide_gives_autoscalers_counts_what_is_open(database):
    guide = Path(__file__).parents[2] / "docs/guides/scale-out.md"
    (query,) = re.findall(r"```sql\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)

    async def answer():
        (row,) = await database.fetch(query)
        return next(iter(row.values())) if isinstance(row, dict) else row[0]

    queue = JobQueue(database)
    assert await answer() == 0
    jobs = [NewJob(f"j{n}", "ann", "ann", "python", "d", b"{}") for n in range(3)]
    await queue.enqueue(jobs)
    (lease,) = await queue.claim("w", 1)
    assert await answer() == 3
    await queue.finish(lease, "AC", b"{}")
    assert await answer() == 2


async def test_postgresql_breaks_and_comes_back(postgresql):
    settings = StoreSettings(url=postgresql.database(), patience=30)
    await migration.migrate(settings)
    database = await open_database(settings)
    try:
        await database.run(add, "a")
        await asyncio.to_thread(postgresql.cut)
        await database.run(add, "b")
        writing = asyncio.gather(*(database.run(add, f"c{number}") for number in range(20)))
        await asyncio.to_thread(postgresql.stop)
        await asyncio.to_thread(postgresql.start)
        with contextlib.suppress(StoreError):  # one committed, its answer lost, and then refused
            await writing
        assert set(await names(database)) >= {"a", "b"}
        with database.wakeups.listen("share", "z") as event:
            deadline = asyncio.get_running_loop().time() + 30
            number = 0
            while not event.is_set():
                assert asyncio.get_running_loop().time() < deadline, "notices do not come any more"
                await database.execute("SELECT pg_notify('berm', 'share:z')")
                await asyncio.sleep(0.1)
                number += 1
    finally:
        await database.close()


async def test_a_server_that_hangs_ends_with_patience(postgresql):
    settings = StoreSettings(url=postgresql.database(), patience=2)
    await migration.migrate(settings)
    database = await open_database(settings)
    try:
        await database.ping()
        postgresql.pause()
        try:
            with pytest.raises(StoreError, match="does not answer"):
                async with asyncio.timeout(20):
                    await database.ping()
        finally:
            postgresql.resume()
        await database.ping()
    finally:
        await database.close()


async def test_nobody_answers(tmp_path):
    with pytest.raises(StoreError, match=r"PostgreSQL at 127.0.0.1/nothing"):
        await open_database(
            StoreSettings(url="postgresql://u:secret@127.0.0.1:9/nothing", patience=0.3)
        )
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        await open_database(StoreSettings(url=f"sqlite:///{tmp_path}/file/berm.db"))
    (tmp_path / "no.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        await open_database(StoreSettings(url=f"sqlite:///{tmp_path}/no.db"))


async def test_sqlite_is_durable_and_private(tmp_path):
    path = tmp_path / "state" / "berm.db"
    database = await open_database(StoreSettings(url=f"sqlite:///{path}"))
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        for name, value in (("synchronous", 2), ("journal_mode", "wal"), ("secure_delete", 1)):
            (row,) = await database.execute(f"PRAGMA {name}")
            assert row[name] == value
    finally:
        await database.close()
    with pytest.raises(StoreError, match="closed"):
        await database.ping()
