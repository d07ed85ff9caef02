"""The port to a database: transactions made of scripts, and notices."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import ClassVar, Literal, ParamSpec, TypeVar

from berm.service.store.statement import Rows, ScriptOf, once, sql
from berm.service.store.wakeups import Wakeups

P = ParamSpec("P")
T = TypeVar("T")


class Database(abc.ABC):
    """An open database. Lives on one event loop.

    Attributes:
        wakeups: the notices of committed transactions, of this and (on PostgreSQL) every replica.
        alone: no other process used this database when it was opened, so that what is marked as
            held is held by nobody. Only SQLite can tell.
        clock: seconds since 1970 for ``:now``; None for the store's own clock. Tests set it.
    """

    dialect: ClassVar[Literal["sqlite", "postgresql"]]

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.wakeups = Wakeups()
        self.clock = clock
        self.alone = False

    @abc.abstractmethod
    async def run(self, script: ScriptOf[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a script in one transaction and return its result once that is committed durably.

        An error raised by the script rolls its transaction back and is raised here.

        Raises:
            StoreError: the store cannot be reached or written to.
        """

    @abc.abstractmethod
    async def look(self, script: ScriptOf[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a script that only reads, beside the writers.

        Raises:
            StoreError: the store cannot be reached.
        """

    @abc.abstractmethod
    async def close(self) -> None:
        """Finish what was begun, and close."""

    async def fetch(self, text: str, **values: object) -> Rows:
        """Read with one statement."""
        return await self.look(once, sql(text, **values))

    async def execute(self, text: str, **values: object) -> Rows:
        """Write with one statement; what it has RETURNING is returned."""
        return await self.run(once, sql(text, **values))

    async def ping(self) -> None:
        """Return if the store answers.

        Raises:
            StoreError: it does not.
        """
        await self.fetch("SELECT 1 AS one")
