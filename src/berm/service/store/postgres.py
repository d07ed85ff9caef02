"""PostgreSQL: any number of replicas over one database.

A transaction whose connection broke, or that collided with another, is run again until the caller's
patience ends; see :mod:`~berm.service.store.statement` for what that asks of scripts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final, Literal, ParamSpec, Self, TypeVar, cast

import asyncpg
import structlog

from berm.errors import ConfigError, StoreError
from berm.service.store.database import Database
from berm.service.store.settings import StoreSettings
from berm.service.store.statement import Notice, Rows, Script, ScriptOf, for_postgresql

P = ParamSpec("P")
T = TypeVar("T")

_log: Final = structlog.get_logger("berm.service.store")

CHANNEL: Final = "berm"
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
_LISTENER_LOOKS: Final = 5.0
_SERVER: Final = {
    "application_name": "berm",
    # A process that is stopped in the middle of a transaction must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "30s",
}
_BROKEN: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,  # shut down, restarting, terminated
    asyncpg.exceptions.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
)
_COLLIDED: Final = (asyncpg.exceptions.TransactionRollbackError,)  # deadlock, serialization


class PostgreSQLDatabase(Database):
    """A database on a server. See :class:`Database`; made by :meth:`open`."""

    dialect: ClassVar[Literal["sqlite", "postgresql"]] = "postgresql"

    def __init__(
        self,
        settings: StoreSettings,
        pool: asyncpg.Pool[asyncpg.Record],
        clock: Callable[[], float] | None,
    ) -> None:
        super().__init__(clock)
        self._settings = settings
        self._pool = pool
        self._listener = asyncio.ensure_future(self._listen())

    @classmethod
    async def open(cls, settings: StoreSettings, clock: Callable[[], float] | None = None) -> Self:
        """Connect, within the settings' patience.

        Raises:
            ConfigError: the address or the credentials are wrong.
            StoreError: nobody answers there.
        """
        deadline = asyncio.get_running_loop().time() + settings.patience
        pause = _FIRST_PAUSE
        while True:
            try:
                pool = await asyncpg.create_pool(
                    settings.postgresql,
                    min_size=1,
                    max_size=settings.connections,
                    timeout=settings.patience,
                    command_timeout=settings.patience,
                    max_inactive_connection_lifetime=60,
                    server_settings=_SERVER,
                )
            except _REFUSED as error:
                raise ConfigError(
                    f"{settings.place()} refuses the connection: {_text(error)}.",
                    remedy="Check [store] url: user, password and database.",
                ) from None
            except _BROKEN as error:
                if asyncio.get_running_loop().time() + pause > deadline:
                    raise _unreachable(settings, error) from error
            else:
                return cls(settings, pool, clock)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def run(self, script: ScriptOf[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a script in one transaction, and again if its connection breaks."""
        return await self._persist(lambda: script(*args, **kwargs), read_only=False)

    async def look(self, script: ScriptOf[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a script in a transaction that can only read."""
        return await self._persist(lambda: script(*args, **kwargs), read_only=True)

    async def close(self) -> None:
        """End the connections."""
        self._listener.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)
        try:
            async with asyncio.timeout(self._settings.patience):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _persist(self, start: Callable[[], Script[T]], *, read_only: bool) -> T:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.patience
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._transact(start(), deadline - loop.time(), read_only=read_only)
            except (*_BROKEN, *_COLLIDED) as error:
                if loop.time() + pause >= deadline:
                    raise _unreachable(self._settings, error) from error
                _log.debug("transaction runs again", why=type(error).__name__)
            except asyncpg.PostgresError as error:
                raise StoreError(
                    f"{self._settings.place()} refuses a statement: {type(error).__name__}.",
                    remedy="Run `berm migrate`; if that changes nothing, report it.",
                ) from error
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _transact(self, script: Script[T], seconds: float, *, read_only: bool) -> T:
        try:
            connection = await self._pool.acquire(timeout=seconds)
            try:
                async with asyncio.timeout(seconds), connection.transaction(readonly=read_only):
                    return await self._drive(connection, script)
            except (*_BROKEN, asyncio.CancelledError):
                # Nobody knows what the server still does on it, and asking could take for ever.
                connection.terminate()
                raise
            finally:
                await self._pool.release(connection)
        finally:
            script.close()

    async def _drive(self, connection: Any, script: Script[T]) -> T:
        rows: Rows | None = None
        try:
            while True:
                step = next(script) if rows is None else script.send(rows)
                if isinstance(step, Notice):
                    payload = f"{step.channel}:{step.key}"
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
                    rows = ()
                    continue
                text, names = for_postgresql(step.text, self.clock is None)
                values = step.values if self.clock is None else {**step.values, "now": self.clock()}
                rows = await connection.fetch(text, *(values[name] for name in names))
        except StopIteration as end:
            return cast("T", end.value)

    async def _listen(self) -> None:
        """Bring notices from the server; a broken connection is made again, and everybody woken."""
        while True:
            try:
                connection = await asyncpg.connect(
                    self._settings.postgresql,
                    timeout=_LISTENER_LOOKS,
                    command_timeout=_LISTENER_LOOKS,
                    server_settings=_SERVER,
                )
            except (*_BROKEN, asyncpg.PostgresError):
                await asyncio.sleep(_LONGEST_PAUSE)
                continue
            try:
                await connection.add_listener(CHANNEL, self._heard)
                self.wakeups.wake_all()
                while True:
                    await asyncio.sleep(_LISTENER_LOOKS)
                    await connection.execute("SELECT 1")  # nothing else tells that it is dead
            except (*_BROKEN, asyncpg.PostgresError) as error:
                _log.warning("notices of the store are interrupted", why=type(error).__name__)
            finally:
                connection.terminate()

    def _heard(self, *message: object) -> None:
        channel, _, key = str(message[-1]).partition(":")
        self.wakeups.publish(Notice(channel, key))


_REFUSED: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.exceptions.ClientConfigurationError,
    ValueError,
)


def _text(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _unreachable(settings: StoreSettings, error: BaseException) -> StoreError:
    return StoreError(
        f"{settings.place()} does not answer: {_text(error)}.",
        remedy="Start it, or correct [store] url.",
    )
