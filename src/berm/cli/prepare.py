"""``berm prepare``: make what toolchains are prepared with ahead of time, for an image."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from berm.cli.exits import Exit
from berm.errors import ConfigError

if TYPE_CHECKING:
    from berm.config import Config


def prepare(
    directory: Annotated[
        Path, typer.Argument(help="Where to put it; [cache] baked names it then.")
    ],
    languages: Annotated[
        list[str] | None, typer.Argument(help="Languages. Default: all that are installed.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Make class-data archives and precompiled headers once, when an image is built.

    A service whose [cache] baked (BERM_CACHE_BAKED) names the directory starts with them, also where its
    file system is read-only. With SOURCE_DATE_EPOCH set every file gets that age: build all of the
    image with the same one.
    """
    from berm.config import Config

    settings = Config.load(config, os.environ)
    made = dataclasses.replace(
        settings, cache_directory=str(directory.absolute()), cache_baked="", parked_mib=0
    )
    for name in asyncio.run(_prepare(made, languages)):
        sys.stdout.write(f"{name}\n")
    for lock in directory.glob("*.lock"):  # they are for directories where things are still made
        lock.unlink()
    return Exit.OK


async def _prepare(config: Config, names: list[str] | None) -> list[str]:
    """Prepare languages one after the other; return the directories."""
    from berm.engine import Engine

    async with Engine(config) as engine:
        if engine.shelf.directory is None:
            raise ConfigError(f"Nothing can be prepared: {engine.shelf.problem}")
        chosen = names or [
            one.name
            for one in await asyncio.to_thread(engine.registry.available)
            if not one.definition.variant_of
        ]
        await engine.furnish(chosen, park=False)
        found = [engine.shelf.path(engine.registry.get(name)) for name in chosen]
        return [path for path in found if path]
