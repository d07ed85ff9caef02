"""Open the store that the settings name."""

from __future__ import annotations

from collections.abc import Callable

from berm.service.store import migration
from berm.service.store.database import Database
from berm.service.store.postgres import PostgreSQLDatabase
from berm.service.store.settings import StoreSettings
from berm.service.store.sqlite import SQLiteDatabase


async def open_database(
    settings: StoreSettings, clock: Callable[[], float] | None = None
) -> Database:
    """Open the store. SQLite's tables are made or brought up to date; PostgreSQL's only checked,
    because there several versions may run side by side during an update.

    Raises:
        ConfigError: PostgreSQL's tables are not those of this version, or access is refused.
        StoreError: the store cannot be reached or written to.
    """
    if settings.postgresql:
        await migration.check(settings)
        return await PostgreSQLDatabase.open(settings, clock)
    await migration.migrate(settings)
    return SQLiteDatabase(settings.sqlite_file(), clock)
