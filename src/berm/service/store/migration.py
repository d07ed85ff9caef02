"""Bring a database's tables to what this version needs, or say that somebody has to."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from berm.errors import ConfigError, StoreError
from berm.service.store import sqlite
from berm.service.store.settings import StoreSettings

T = TypeVar("T")

_SCRIPTS: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x6265726D  # "berm": the advisory lock that one migrating replica holds


@dataclasses.dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did: from which step to which; the same where nothing was left to do."""

    before: str | None
    after: str | None


def newest() -> str:
    """Return the step that this version needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 - the folder ships with the code
    return head


async def migrate(settings: StoreSettings) -> Migrated:
    """Make every missing step, in one transaction, one process at a time.

    Raises:
        StoreError: the store cannot be reached or written to.
        ConfigError: it was made by a newer version.
    """
    return await _connected(settings, _upgrade)


async def check(settings: StoreSettings) -> None:
    """Return if the tables are those of this version.

    Raises:
        ConfigError: they are not; the text says what to run.
    """
    found = await _connected(settings, _current)
    if found != newest():
        _refuse_newer(found)
        raise ConfigError(
            f"The tables of {settings.place()} are at step {found or 'none'}; this version needs"
            f" {newest()}.",
            remedy="Run `berm migrate` once with the same settings, then start again.",
        )


def _upgrade(connection: sa.Connection) -> Migrated:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    before = _current(connection)
    _refuse_newer(before)
    if before != newest():
        command.upgrade(_config(connection), "head")
    return Migrated(before, _current(connection))


def _current(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str | None) -> None:
    known = {step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise ConfigError(
            f"The store is at step {found}, which this version does not know.",
            remedy="It belongs to a newer version of Berm: run that one, or restore a backup.",
        )


def _config(connection: sa.Connection | None = None) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def _connected(settings: StoreSettings, work: Callable[[sa.Connection], T]) -> T:
    try:
        if settings.postgresql:
            return await _on_postgresql(settings, work)
        return await asyncio.to_thread(_on_sqlite, settings.sqlite_file(), work)
    except (SQLAlchemyError, asyncpg.PostgresError, OSError, TimeoutError) as error:
        raise StoreError(
            f"{settings.place()} cannot be migrated: {error}.",
            remedy="See that it runs, that [store] url is right, and that its user may make tables.",
        ) from error


async def _on_postgresql(settings: StoreSettings, work: Callable[[sa.Connection], T]) -> T:
    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(settings.postgresql, timeout=settings.patience)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, poolclass=sa.pool.NullPool
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _on_sqlite(path: Path, work: Callable[[sa.Connection], T]) -> T:
    engine = sa.create_engine(
        "sqlite://", creator=lambda: sqlite.connect(path), poolclass=sa.pool.NullPool
    )
    with sqlite.held(path), engine.connect() as connection:
        # The driver's own transactions do not hold schema changes together.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            result = work(connection)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
        return result
