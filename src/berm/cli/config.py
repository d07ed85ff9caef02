"""``berm config``: what is set, and whether it can be used."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from berm.cli.exits import Exit

if TYPE_CHECKING:
    from berm.config import Config

_FILE = Annotated[
    Path | None, typer.Option("--config", help="Configuration file. Default: $BERM_CONFIG, if set.")
]


def show(config: _FILE = None) -> int:
    """Print every setting as it is in force, as JSON: file, environment and defaults together."""
    settings = _load(config)
    sys.stdout.write(json.dumps(_as_dict(settings), indent=2) + "\n")
    return Exit.OK


def check(config: _FILE = None) -> int:
    """Say whether the settings can be used; exit with 78 and what to do if not."""
    from berm.languages.registry import Registry

    settings = _load(config)
    Registry.discover(settings.languages)
    _store(settings)
    if (service := _service(settings)) is not None and service["test_files"] is not None:
        from berm.service.testfiles import TestFiles

        TestFiles(Path(service["test_files"]), max_size=service["max_test_file"]).close()
    sys.stdout.write("The settings can be used.\n")
    return Exit.OK


def _load(path: Path | None) -> Config:
    from berm.config import Config

    return Config.load(path, os.environ)


def _as_dict(settings: Config) -> dict[str, Any]:
    engine = dataclasses.asdict(settings)
    del engine["service"]
    del engine["store"]
    return {"engine": engine, "service": _service(settings), "store": _store(settings)}


def _service(settings: Config) -> dict[str, Any] | None:
    """Return the service's settings, or None where the service's packages are not installed."""
    if importlib.util.find_spec("pydantic") is None:
        return None
    from berm.service.settings import ServiceSettings

    return ServiceSettings.load(settings.service, os.environ).as_dict()


def _store(settings: Config) -> dict[str, Any] | None:
    """Return the store's settings without its password, or None likewise."""
    if importlib.util.find_spec("pydantic") is None:
        return None
    from berm.service.store.settings import StoreSettings

    return StoreSettings.load(settings.store, os.environ).as_dict()
