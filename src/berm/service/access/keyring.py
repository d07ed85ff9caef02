"""API keys in the store: made, listed, rotated, revoked, found."""

# ruff: noqa: S608 - what is put into the SQL here are constants of this module
from __future__ import annotations

import dataclasses
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from berm.errors import InputError
from berm.service.access import keys
from berm.service.access.keys import ApiKey
from berm.service.access.roles import scopes_of
from berm.service.principal import Principal, Role, Scope
from berm.service.store.database import Database
from berm.service.store.statement import Row, Script, sql

REMEMBERED: Final = 5.0
"""Seconds for which a replica remembers what it found: a revoked key may work that much longer."""

_MOST: Final = 10_000
_MAX_TEXT: Final = 200
_COLUMNS: Final = "name, digest, label, subject, role, scopes, created, expires, revoked"


@dataclasses.dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment when it is known."""

    text: str
    key: ApiKey


def create(
    made: tuple[str, str, bytes],
    label: str,
    subject: str,
    role: Role,
    scopes: frozenset[Scope],
    lifetime: float | None,
) -> Script[NewKey]:
    """Put a key into the store; ``made`` is from :func:`keys.new_key`, ``lifetime`` in seconds."""
    text, name, digest = made
    rows = yield sql(
        f"INSERT INTO api_keys ({_COLUMNS}) VALUES (:name, :digest, :label, :subject, :role, :scopes,"
        " CAST(:now AS double precision), CAST(:now AS double precision)"
        " + CAST(:lifetime AS double precision), NULL)"
        f" ON CONFLICT (name) DO UPDATE SET digest = api_keys.digest RETURNING {_COLUMNS}",
        name=name,
        digest=digest,
        label=label,
        subject=subject,
        role=role.value,
        scopes=" ".join(sorted(scopes)),
        lifetime=lifetime,
    )
    return NewKey(text, _key(rows[0]))


def create_all(
    new: Sequence[tuple[tuple[str, str, bytes], str, str]],
    role: Role,
    scopes: frozenset[Scope],
    lifetime: float | None,
) -> Script[list[NewKey]]:
    """Put many keys into the store, or none: each with what is new, its label and its subject."""
    made = []
    for key, label, subject in new:
        made.append((yield from create(key, label, subject, role, scopes, lifetime)))
    return made


def find(name: str) -> Script[ApiKey | None]:
    """Return the key of that name."""
    rows = yield sql(f"SELECT {_COLUMNS} FROM api_keys WHERE name = :name", name=name)
    return _key(rows[0]) if rows else None


def everything() -> Script[list[ApiKey]]:
    """Return all keys, the newest first."""
    rows = yield sql(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created DESC, name LIMIT 10000")
    return [_key(row) for row in rows]


def any_live() -> Script[bool]:
    """Tell whether some key would be accepted now."""
    rows = yield sql(
        "SELECT 1 AS one FROM api_keys WHERE (expires IS NULL OR expires > :now)"
        " AND (revoked IS NULL OR revoked > :now) LIMIT 1"
    )
    return bool(rows)


def revoke(name: str, after: float) -> Script[ApiKey | None]:
    """Refuse a key from ``after`` seconds from now on; never later than was said before."""
    rows = yield sql(
        "UPDATE api_keys SET revoked = CASE WHEN revoked IS NOT NULL AND revoked <= "
        "CAST(:now AS double precision) + CAST(:after AS double precision) THEN revoked ELSE"
        " CAST(:now AS double precision) + CAST(:after AS double precision) END"
        f" WHERE name = :name RETURNING {_COLUMNS}",
        name=name,
        after=after,
    )
    return _key(rows[0]) if rows else None


def rotate(
    name: str, made: tuple[str, str, bytes], grace: float, lifetime: float | None
) -> Script[NewKey]:
    """Make a key like ``name``, which is refused once ``grace`` seconds are over.

    Raises:
        InputError: there is no such key, or it has ended.
    """
    old = yield from find(name)
    now = (yield sql("SELECT CAST(:now AS double precision) AS now"))[0]["now"]
    if old is None or not old.live(now):
        raise InputError(
            f"There is no key {name} that could be rotated.", remedy="`berm keys list` shows them."
        )
    new = yield from create(made, old.label, old.subject, old.role, old.scopes, lifetime)
    yield from revoke(name, grace)
    return new


def check_texts(label: str, subject: str) -> None:
    """Raise InputError for a label or a user that is empty, too long, or not printable."""
    for what, text in (("label", label), ("user", subject)):
        if not 0 < len(text) <= _MAX_TEXT or not text.isprintable():
            raise InputError(f"The {what} is empty, too long, or not printable.")


def checked_scopes(role: Role, scopes: list[str]) -> frozenset[Scope]:
    """Return the scopes of a key to be made; the role's own where none are named.

    Raises:
        InputError: a scope is unknown or more than the role has.
    """
    most = scopes_of(role)
    if not scopes:
        return most
    if wrong := sorted(set(scopes) - {scope.value for scope in most}):
        raise InputError(
            f"A {role.value} cannot have the scope {', '.join(wrong)}.",
            remedy=f"It can have: {', '.join(sorted(scope.value for scope in most))}.",
        )
    return frozenset(Scope(scope) for scope in scopes)


class Keyring:
    """Finds out whose key a text is."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, ApiKey | None]] = OrderedDict()

    async def principal(self, text: str) -> Principal | None:
        """Return whom the key stands for; None if it is not accepted.

        Raises:
            StoreError: the store does not answer.
        """
        name = keys.name_of(text)
        if name is None:
            return None
        found = await self._find(name)
        # Keys end by the clock of this machine, which is off by less than what a lifetime is.
        if not keys.check(text, found, time.time()) or found is None:
            return None
        return found.principal()

    async def _find(self, name: str) -> ApiKey | None:
        now = self._clock()
        seen = self._seen.get(name)
        if seen is not None and now - seen[0] < REMEMBERED:
            return seen[1]
        found = await self._database.look(find, name)
        self._seen[name] = (now, found)
        self._seen.move_to_end(name)
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return found


def _key(row: Row) -> ApiKey:
    return ApiKey(
        name=row["name"],
        digest=bytes(row["digest"]),
        label=row["label"],
        subject=row["subject"],
        role=Role(row["role"]),
        scopes=frozenset(Scope(scope) for scope in row["scopes"].split()),
        created=row["created"],
        expires=row["expires"],
        revoked=row["revoked"],
    )
