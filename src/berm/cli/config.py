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
    if _has_service():
        from berm.service.sections import Sections
        from berm.service.testfiles import TestFiles

        service = Sections.load(settings, os.environ).service
        TestFiles(service.test_files, max_size=service.max_test_file).close()
    sys.stdout.write("The settings can be used.\n")
    return Exit.OK


def _load(path: Path | None) -> Config:
    from berm.config import Config

    return Config.load(path, os.environ)


def _as_dict(settings: Config) -> dict[str, Any]:
    from berm.config import OF_THE_SERVICE

    engine = dataclasses.asdict(settings)
    for name in OF_THE_SERVICE:
        del engine[name]
    shown: dict[str, Any] = {"engine": engine, **dict.fromkeys(OF_THE_SERVICE)}
    if _has_service():
        from berm.service.sections import Sections

        shown |= Sections.load(settings, os.environ).as_dict()
    return shown


def _has_service() -> bool:
    """Tell whether the service's packages are installed."""
    return importlib.util.find_spec("pydantic") is not None
