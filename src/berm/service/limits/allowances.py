"""Where rates are kept: in this process, or in a row that all replicas share."""

# ruff: noqa: S608 - what is put into the SQL here are constants of this module
from __future__ import annotations

import abc
import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from berm.errors import StoreError
from berm.service.limits import gcra
from berm.service.limits.gcra import Rate, Reading
from berm.service.store.database import Database
from berm.service.store.statement import Script, sql

_log: Final = structlog.get_logger("berm.service.limits")

_SWEEP_SECONDS: Final = 600.0
MOST_KEYS: Final = 100_000
"""Keys that one process remembers; the one that was used longest ago goes first."""


class Allowances(abc.ABC):
    """What is left of a rate, by key."""

    @abc.abstractmethod
    async def take(self, key: str, rate: Rate, cost: float = 1.0) -> Reading:
        """Ask for ``cost`` units of what ``key`` has; with 0, only look."""

    @abc.abstractmethod
    async def charge(self, key: str, rate: Rate, cost: float) -> None:
        """Count what was used already, whatever was left."""

    async def keep_small(self) -> None:
        """Forget now and then who has a whole allowance; runs until it is cancelled."""
        return


class LocalAllowances(Allowances):
    """In this process alone: for SQLite, where there is one, and where there is no store."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST_KEYS) -> None:
        self._clock = clock
        self._most = most
        self._tats: OrderedDict[str, float] = OrderedDict()

    async def take(self, key: str, rate: Rate, cost: float = 1.0) -> Reading:
        """Take from this process's own count."""
        reading, tat = gcra.take(rate, self._tats.get(key, 0.0), self._clock(), cost)
        self._keep(key, tat)
        return reading

    async def charge(self, key: str, rate: Rate, cost: float) -> None:
        """Add to this process's own count."""
        self._keep(key, gcra.charge(rate, self._tats.get(key, 0.0), self._clock(), cost))

    def _keep(self, key: str, tat: float) -> None:
        if tat <= self._clock():  # the whole allowance is there: nothing to remember
            self._tats.pop(key, None)
            return
        self._tats[key] = tat
        self._tats.move_to_end(key)
        while len(self._tats) > self._most:
            self._tats.popitem(last=False)


class SharedAllowances(Allowances):
    """One row a key in PostgreSQL, by the server's clock, so that all replicas count together.

    Where the store does not answer, each replica counts for itself meanwhile: a limit that is too
    wide for a moment harms less than a service that refuses everybody.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._meanwhile = LocalAllowances()

    async def take(self, key: str, rate: Rate, cost: float = 1.0) -> Reading:
        """Take from the shared row."""
        try:
            if not cost:
                return await self._database.look(_looked, key, rate)
            return await self._database.run(_taken, key, rate, cost)
        except StoreError as error:
            _log.warning("limits are counted by this replica alone", why=error.summary)
            return await self._meanwhile.take(key, rate, cost)

    async def charge(self, key: str, rate: Rate, cost: float) -> None:
        """Add to the shared row."""
        try:
            await self._database.run(_charged, key, rate, cost)
        except StoreError as error:
            _log.warning("limits are counted by this replica alone", why=error.summary)
            await self._meanwhile.charge(key, rate, cost)

    async def keep_small(self) -> None:
        """Delete the rows that say nothing, every ten minutes."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            with contextlib.suppress(StoreError):
                await self._database.run(_swept)


def _swept() -> Script[None]:
    yield sql("DELETE FROM allowances WHERE tat <= :now")


def _taken(key: str, rate: Rate, cost: float) -> Script[Reading]:
    """Do what :func:`gcra.take` does, in one statement that no other can come between."""
    worth = cost * rate.interval
    latest = "CASE WHEN allowances.tat > :now THEN allowances.tat ELSE :now END"
    rows = yield sql(
        "INSERT INTO allowances (key, tat, granted) VALUES (:key,"
        " CAST(:now AS double precision) + CAST(:worth AS double precision), 1)"
        " ON CONFLICT (key) DO UPDATE SET"
        f" granted = CASE WHEN ({latest}) + CAST(:worth AS double precision)"
        " - CAST(:now AS double precision) <= CAST(:period AS double precision) THEN 1 ELSE 0 END,"
        f" tat = CASE WHEN ({latest}) + CAST(:worth AS double precision)"
        " - CAST(:now AS double precision) <= CAST(:period AS double precision)"
        f" THEN ({latest}) + CAST(:worth AS double precision) ELSE allowances.tat END"
        " RETURNING tat, granted, CAST(:now AS double precision) AS now",
        key=key,
        worth=worth,
        period=rate.period + gcra.EPSILON,
    )
    tat, now, granted = rows[0]["tat"], rows[0]["now"], bool(rows[0]["granted"])
    wanted = 0.0 if granted else max(tat, now) + worth
    return gcra.read(rate, tat, now, allowed=granted, wanted=wanted)


def _looked(key: str, rate: Rate) -> Script[Reading]:
    rows = yield sql(
        "SELECT CAST(:now AS double precision) AS now,"
        " (SELECT tat FROM allowances WHERE key = :key) AS tat",
        key=key,
    )
    return gcra.take(rate, rows[0]["tat"] or 0.0, rows[0]["now"], 0.0)[0]


def _charged(key: str, rate: Rate, cost: float) -> Script[None]:
    yield sql(
        "INSERT INTO allowances (key, tat, granted) VALUES (:key,"
        " CAST(:now AS double precision) + CAST(:worth AS double precision), 1)"
        " ON CONFLICT (key) DO UPDATE SET tat = CASE WHEN allowances.tat > :now"
        " THEN allowances.tat ELSE CAST(:now AS double precision) END"
        " + CAST(:worth AS double precision)",
        key=key,
        worth=cost * rate.interval,
    )
