"""``berm audit``: the attacks that Berm ships, run on the user's own machine."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def audit(
    attacks: Annotated[
        list[str] | None,
        typer.Argument(help="Guarantees, or beginnings of attacks' names. Default: every attack."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    ablate: Annotated[
        bool,
        typer.Option("--ablate", help="Run them again with each layer off, and with each alone."),
    ] = False,
    environment: Annotated[
        bool, typer.Option("--environment", help="Print first what this machine offers.")
    ] = False,
    markdown: Annotated[
        bool,
        typer.Option(
            "--markdown", help="Print the matrix (with --ablate, the layers) as Markdown."
        ),
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Attack this machine's cells, and show which attacks they held and by which layers.

    Each attack runs with the configuration as it is, in every installed language it is written in.
    Exits with 1 if one got through or could not be judged.
    """
    from berm.audit.command import main
    from berm.config import Config

    return main(
        Config.load(config, os.environ),
        attacks or (),
        as_json=as_json,
        with_ablation=ablate,
        environment=environment,
        markdown=markdown,
    )
