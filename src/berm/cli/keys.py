"""``berm keys``: make, list, rotate and revoke API keys."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from berm.cli.exits import Exit
from berm.errors import InputError

if TYPE_CHECKING:
    from berm.service.access.keyring import NewKey
    from berm.service.access.keys import ApiKey
    from berm.service.store.database import Database

T = TypeVar("T")

_FILE = Annotated[
    Path | None, typer.Option("--config", help="Configuration file. Default: $BERM_CONFIG, if set.")
]
_DAYS = Annotated[float, typer.Option(help="Days until it expires; 0 for never.", min=0, max=36500)]
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_DAY = 86400.0
_HOUR = 3600.0
_MOST_USERS = 2000
_MOST_BYTES = 1 << 20


def create(
    user: Annotated[str, typer.Option(help="Whom the key stands for.")] = "",
    users: Annotated[
        Path | None,
        typer.Option(
            help="A file with a user a line; one key each, or none at all; - reads stdin."
        ),
    ] = None,
    role: Annotated[str, typer.Option(help="student, teacher, admin or service.")] = "student",
    label: Annotated[str, typer.Option(help="What it is for, in your words.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="Only this scope of the role's; may be repeated.")
    ] = None,
    days: _DAYS = 365,
    config: _FILE = None,
    as_json: _JSON = False,
) -> int:
    """Make keys and print them. They are shown this once; the store keeps only their SHA-256."""
    from berm.service.access import keyring, keys
    from berm.service.principal import Role

    names = _users(user, users)
    try:
        wanted = Role(role)
    except ValueError:
        raise InputError(
            f"There is no role {role!r}.", remedy=f"The roles are: {', '.join(Role)}."
        ) from None
    scopes = keyring.checked_scopes(wanted, scope or [])
    for name in names:
        keyring.check_texts(label or name, name)
    new = [(keys.new_key(), label or name, name) for name in names]
    lifetime = days * _DAY or None
    made = _stored(
        config, lambda database: database.run(keyring.create_all, new, wanted, scopes, lifetime)
    )
    for one in made:
        _print_new(one, as_json)
    return Exit.OK


def _users(user: str, file: Path | None) -> list[str]:
    if bool(user) == bool(file):
        raise InputError("Whose key?", remedy="Give --user NAME, or --users FILE for many.")
    if file is None:
        return [user]
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened:
            text = opened.read(_MOST_BYTES + 1).decode()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8.") from None
    names = [name for line in text.splitlines() if (name := line.strip())]
    if not names or len(text) > _MOST_BYTES or len(names) > _MOST_USERS:
        raise InputError(
            f"{file} names no user, or too many.", remedy=f"One a line, at most {_MOST_USERS}."
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{file} names some users twice: {', '.join(twice[:5])}.")
    return names


def show(config: _FILE = None, as_json: _JSON = False) -> int:
    """List the keys: whose, what they may do, how long. Never the keys themselves."""
    from berm.service.access import keyring

    found = _stored(config, lambda database: database.look(keyring.everything))
    if as_json:
        sys.stdout.write(json.dumps([_plain(key) for key in found], indent=2) + "\n")
        return Exit.OK
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "user", "role", "label", "made", "state", box=None, pad_edge=False)
    for key in found:
        table.add_row(
            key.name, key.subject, key.role.value, key.label, _date(key.created), _state(key)
        )
    Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(table)
    return Exit.OK


def revoke(
    name: Annotated[str, typer.Argument(help="The key's name, as `berm keys list` shows it.")],
    config: _FILE = None,
) -> int:
    """Refuse a key from now on; running services notice within 5 seconds."""
    from berm.service.access import keyring

    key = _stored(config, lambda database: database.run(keyring.revoke, name, 0.0))
    if key is None:
        raise InputError(f"There is no key {name}.", remedy="`berm keys list` shows them.")
    sys.stdout.write(f"The key {key.name} of {key.subject} is revoked.\n")
    return Exit.OK


def rotate(
    name: Annotated[str, typer.Argument(help="The key's name, as `berm keys list` shows it.")],
    grace: Annotated[
        float, typer.Option(help="Hours for which the old key still works.", min=0, max=8760)
    ] = 24,
    days: _DAYS = 365,
    config: _FILE = None,
    as_json: _JSON = False,
) -> int:
    """Make a key like another one, which then works for a while longer, and print the new one."""
    from berm.service.access import keyring, keys

    made = keys.new_key()
    new = _stored(
        config,
        lambda database: database.run(
            keyring.rotate, name, made, grace * _HOUR, days * _DAY or None
        ),
    )
    _print_new(new, as_json)
    return Exit.OK


def _stored(path: Path | None, work: Callable[[Database], Awaitable[T]]) -> T:
    from berm.config import Config
    from berm.service.store.opening import open_database
    from berm.service.store.settings import StoreSettings

    settings = StoreSettings.load(Config.load(path, os.environ).store, os.environ)

    async def run() -> T:
        database = await open_database(settings)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _print_new(new: NewKey, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"key": new.text, **_plain(new.key)}) + "\n")
        return
    sys.stdout.write(new.text + "\n")
    sys.stdout.flush()
    sys.stderr.write(
        f"This is the key of {new.key.subject} ({new.key.role.value}), named {new.key.name},"
        f" {_state(new.key)}. Keep it now: it is not shown again.\n"
    )


def _plain(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "user": key.subject,
        "role": key.role.value,
        "scopes": sorted(scope.value for scope in key.scopes),
        "label": key.label,
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "live": key.live(time.time()),
    }


def _state(key: ApiKey) -> str:
    now = time.time()
    if key.revoked is not None and key.revoked <= now:
        return f"revoked {_date(key.revoked)}"
    if key.expires is not None and key.expires <= now:
        return f"expired {_date(key.expires)}"
    ends = [end for end in (key.expires, key.revoked) if end is not None]
    return f"good until {_date(min(ends))}" if ends else "good"


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))
