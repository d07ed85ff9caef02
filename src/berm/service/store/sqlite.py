"""SQLite: one file, one writer thread, every commit on the disk before anybody is told of it.

Transactions that wait together are committed together, each in a savepoint of its own: what costs is
the one fsync, not the statements.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Literal, ParamSpec, TypeAlias, TypeVar, cast

import structlog

from berm.errors import BermError, StoreError
from berm.service.store.database import Database
from berm.service.store.statement import Notice, Rows, Script, ScriptOf

P = ParamSpec("P")
T = TypeVar("T")

_log: Final = structlog.get_logger("berm.service.store")

_TOGETHER: Final = 64
_WAITING: Final = 10_000
_READERS: Final = 2
_BUSY_MILLISECONDS: Final = 10_000
_PRAGMAS: Final = (
    # An accepted submission survives a power cut: WAL with NORMAL would lose the last commits.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Deleted code and results are overwritten, not only unlinked from the tree.
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 67108864",
)

_Settle: TypeAlias = Callable[[], None]


class SQLiteDatabase(Database):
    """A database in one file. See :class:`Database`."""

    dialect: ClassVar[Literal["sqlite", "postgresql"]] = "sqlite"

    def __init__(self, path: Path, clock: Callable[[], float] | None = None) -> None:
        """Open the file, which must have been migrated.

        Raises:
            StoreError: it cannot be opened, or lies where SQLite cannot work durably.
        """
        super().__init__(clock)
        self.path = path
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._users = _lock(path, "users")
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.alone = True
        except BlockingIOError:
            pass
        fcntl.flock(self._users, fcntl.LOCK_SH)
        self._writer = _Thread(self, [connect(path)], writes=True)
        self._reader = _Thread(
            self, [connect(path, read_only=True) for _ in range(_READERS)], writes=False
        )

    async def run(self, script: ScriptOf[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a script in one transaction, durably."""
        return await self._writer.run(lambda: script(*args, **kwargs))

    async def look(self, script: ScriptOf[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a script that only reads, on a connection that cannot write."""
        return await self._reader.run(lambda: script(*args, **kwargs))

    async def close(self) -> None:
        """Finish what was begun, and close the file."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._reader.close)
            await asyncio.to_thread(self._writer.close)
            os.close(self._users)

    def now(self) -> float:
        """Return the time that ``:now`` is."""
        return time.time() if self.clock is None else self.clock()


class _Thread:
    """Connections, each with a thread that takes work from one queue."""

    def __init__(
        self, database: SQLiteDatabase, connections: list[sqlite3.Connection], *, writes: bool
    ) -> None:
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._work: queue.Queue[_Work[Any] | None] = queue.Queue(_WAITING)
        self._writes = writes
        self._threads = [
            threading.Thread(
                target=self._serve,
                args=(connection,),
                name=f"berm-store-{'writer' if writes else number}",
            )
            for number, connection in enumerate(connections)
        ]
        self._ended = False
        for thread in self._threads:
            thread.start()

    async def run(self, start: Callable[[], Script[T]]) -> T:
        if self._ended:
            raise StoreError("The store is closed.")
        work = _Work(start, self._loop.create_future())
        try:
            self._work.put_nowait(work)
        except queue.Full:
            raise StoreError(
                f"{_WAITING} transactions wait for the store.",
                remedy="Its disk is too slow for what is asked of it.",
            ) from None
        result: T = await work.future
        return result

    def close(self) -> None:
        self._ended = True
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self, connection: sqlite3.Connection) -> None:
        with contextlib.closing(connection):
            ended = False
            while not ended:
                batch: list[_Work[Any]] = []
                item = self._work.get()
                while item is not None:
                    batch.append(item)
                    if len(batch) == (_TOGETHER if self._writes else 1):
                        break
                    try:
                        item = self._work.get_nowait()
                    except queue.Empty:
                        break
                ended = item is None
                if batch:
                    self._settle(self._transact(connection, batch))

    def _settle(self, settlements: list[_Settle]) -> None:
        def settle() -> None:
            for one in settlements:
                one()

        with contextlib.suppress(RuntimeError):  # the loop ended before its answers came
            self._loop.call_soon_threadsafe(settle)

    def _transact(self, connection: sqlite3.Connection, batch: list[_Work[Any]]) -> list[_Settle]:
        """Run the batch in one transaction; return what tells its futures."""
        begin = "BEGIN IMMEDIATE" if self._writes else "BEGIN"
        now = self._database.now()
        done: list[_Settle] = []
        notices: list[Notice] = []
        try:
            connection.execute(begin)
            done.extend(
                work.perform(connection, now, notices, alone=not self._writes) for work in batch
            )
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            failure = _failure(self._database.path, error)
            return [work.failed(failure) for work in batch]
        if notices:
            done.append(lambda: self._publish(notices))
        return done

    def _publish(self, notices: list[Notice]) -> None:
        for notice in notices:
            self._database.wakeups.publish(notice)


class _Work(Generic[T]):
    """One script, and the future that its result goes to."""

    def __init__(self, start: Callable[[], Script[T]], future: asyncio.Future[T]) -> None:
        self._start = start
        self.future = future

    def perform(
        self, connection: sqlite3.Connection, now: float, notices: list[Notice], *, alone: bool
    ) -> _Settle:
        """Run the script; return what tells its future once the transaction is committed.

        Raises:
            sqlite3.Error: the database failed, and with it the whole transaction.
        """
        if self.future.cancelled():
            return _nothing
        if not alone:
            connection.execute("SAVEPOINT script")
        own: list[Notice] = []
        try:
            result = _drive(connection, self._start(), now, own)
        except sqlite3.IntegrityError as error:
            refused: Exception = error
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - the script's own; raised where it was asked for
            refused = error
        else:
            if not alone:
                connection.execute("RELEASE script")
            notices += own
            return lambda: self._tell(result)
        if not alone:
            connection.execute("ROLLBACK TO script")
            connection.execute("RELEASE script")
        return self.failed(refused)

    def failed(self, error: Exception) -> _Settle:
        """Return what tells the future of an error."""
        return lambda: None if self.future.done() else self.future.set_exception(error)

    def _tell(self, result: T) -> None:
        if not self.future.done():
            self.future.set_result(result)


def _nothing() -> None:
    """Tell nobody: the one who asked has gone."""


def _drive(
    connection: sqlite3.Connection, script: Script[T], now: float, notices: list[Notice]
) -> T:
    rows: Rows | None = None
    try:
        while True:
            step = next(script) if rows is None else script.send(rows)
            if isinstance(step, Notice):
                notices.append(step)
                rows = ()
            else:
                found = connection.execute(step.text, {**step.values, "now": now}).fetchall()
                rows = cast("Rows", found)
    except StopIteration as end:
        return cast("T", end.value)
    finally:
        script.close()


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the file; make it and its folder, readable by nobody else, where they do not exist.

    Raises:
        StoreError: it cannot be opened, or its file system does not allow a write-ahead log.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise _failure(path, error) from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(
                f"SQLite cannot keep a write-ahead log beside {path}.",
                meaning="Without it, a killed service could lose what it accepted.",
                remedy="Put the store on a local disk: set [store] url.",
            )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        connection.close()
        raise _failure(path, error) from error
    except BermError:
        connection.close()
        raise
    return connection


def _failure(path: Path, error: Exception) -> StoreError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return StoreError(
        f"The store {path} cannot be used: {why}.",
        remedy="See that its folder exists, is writable, and its disk has room; or set [store] url.",
    )


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock beside the file: one process migrates at a time."""
    lock = _lock(path, "lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _lock(path: Path, kind: str) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(f"{path}.{kind}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _failure(path, error) from error
