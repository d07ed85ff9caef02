"""``berm languages``: which languages there are, which work here, and how to get the others."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from berm.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from berm.languages import Language


def languages(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    install_help: Annotated[
        str | None,
        typer.Option("--install-help", metavar="NAME", help="Say how to install one language."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """List the languages, with the version found here or what is missing.

    Exits with 2 if --install-help names no language.
    """
    from berm.config import Config
    from berm.languages import Registry

    registry = Registry.open(Config.load(config, os.environ).languages)
    if install_help is not None:
        _tell(registry.find(install_help))
        return Exit.OK
    found = registry.all()
    if as_json:
        sys.stdout.write(json.dumps([as_dict(language) for language in found], indent=2) + "\n")
    else:
        _print(found)
    return Exit.OK


def as_dict(language: Language) -> dict[str, object]:
    """Return what is known of a language as plain JSON-ready data."""
    definition = language.definition
    return {
        "name": language.name,
        "title": language.title,
        "aliases": list(language.aliases),
        "extensions": list(definition.extensions),
        "variant_of": definition.variant_of,
        "tier": definition.tier,
        "compiled": definition.compile is not None,
        "available": language.available,
        "version": language.version,
        "problem": language.problem,
        "tools": dict(language.tool_paths),
        "install": list(definition.install.commands()),
        "limitations": list(definition.notes),
    }


def _tell(language: Language) -> None:
    if language.available:
        tools = ", ".join(language.tool_paths.values())
        sys.stdout.write(f"{language.title} works here: {language.version}, {tools}\n")
    else:
        sys.stdout.write(f"{language.title} is not available here: {language.problem}.\n")
    sys.stdout.write("Install it as root on Debian or Ubuntu:\n")
    for command in language.definition.install.commands():
        sys.stdout.write(f"  {command}\n")
    for text in language.definition.notes:
        sys.stdout.write(f"Note: {text}\n")


def _print(found: Sequence[Language]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("language", "version", "title", "aliases"):
        table.add_column(title, overflow="fold")
    for language in found:
        version = (language.version or "found") if language.available else "[dim]not here[/dim]"
        table.add_row(language.name, version, language.title, ", ".join(language.aliases))
    Console(highlight=False).print(table)
    there = sum(language.available for language in found)
    sys.stdout.write(
        f"\n{there} of {len(found)} work here. `berm languages --install-help NAME` tells how to get one.\n"
    )
