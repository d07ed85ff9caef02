"""``berm migrate``: bring the store's tables to what this version needs."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from berm.cli.exits import Exit


def migrate(
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Make or update the tables of the store that [store] url names; safe to run again.

    A service on PostgreSQL refuses to start before this has run; one on SQLite does it by itself.
    """
    from berm.config import Config
    from berm.service.store import migration
    from berm.service.store.settings import StoreSettings

    settings = StoreSettings.load(Config.load(config, os.environ).store, os.environ)
    done = asyncio.run(migration.migrate(settings))
    if done.before == done.after:
        sys.stdout.write(f"{settings.place()} is at step {done.after}; nothing to do.\n")
    else:
        was = f"from step {done.before} " if done.before else ""
        sys.stdout.write(f"{settings.place()}: migrated {was}to step {done.after}.\n")
    return Exit.OK
