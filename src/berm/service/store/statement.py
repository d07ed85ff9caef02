"""SQL that is written once for both stores, and the scripts that a transaction is made of.

A script is a generator: it yields statements, gets their rows, and returns the transaction's result.
It does no I/O itself, so the same script runs on SQLite's writer thread and over an asynchronous
connection to PostgreSQL. It must be written so that running it twice does no harm: a transaction
whose connection broke during its commit is run again, because nobody knows how it ended.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Row: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Sequence[Row]


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement.

    Attributes:
        text: with parameters as ``:name``, and ``/*pg ... */`` around what only PostgreSQL shall
            see. ``:now`` is the store's time in seconds since 1970; nobody passes it. Write casts
            as CAST, and no colon within quotes.
        values: the parameters: text, numbers, bytes, None. Booleans are stored as 0 and 1.
    """

    text: str
    values: Mapping[str, object]


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """Wakes who waits for ``channel``, in every replica, once the transaction is committed.

    Attributes:
        channel: what happened, such as ``job``.
        key: to whom, such as the job's id; an empty string wakes all of the channel.
    """

    channel: str
    key: str = ""


Script: TypeAlias = Generator[Statement | Notice, Rows, T]
ScriptOf: TypeAlias = Callable[P, Script[T]]


def sql(text: str, **values: object) -> Statement:
    """Return a statement: ``rows = yield sql("SELECT ... WHERE id = :id", id=id)``."""
    return Statement(text, values)


def once(statement: Statement) -> Script[Rows]:
    """Run one statement; a script of its own."""
    return (yield statement)


# The server's clock, because replicas' clocks differ. Not the transaction's: it may have waited.
SERVER_NOW: Final = "CAST(EXTRACT(EPOCH FROM statement_timestamp()) AS double precision)"
_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_PG_ONLY: Final = re.compile(r"/\*pg (.*?)\*/", re.DOTALL)


@functools.lru_cache(maxsize=1024)
def for_postgresql(text: str, server_clock: bool) -> tuple[str, tuple[str, ...]]:
    """Return the text with ``$1, $2, ...``, and the parameters' names in that order."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match[1]
        if name == "now" and server_clock:
            return SERVER_NOW
        place = f"${names.setdefault(name, len(names) + 1)}"
        return f"CAST({place} AS double precision)" if name == "now" else place

    written = _PARAMETER.sub(number, _PG_ONLY.sub(r"\1", text))
    return written, tuple(names)
