"""``berm audit``: the attacks that Berm ships, run on the user's own machine."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import berm
from berm.cli.exits import Exit
from berm.errors import InputError

if TYPE_CHECKING:
    from berm.audit.runner import Trial

_COLORS = {"held": "green", "escaped": "red", "not applicable": "dim", "unclear": "yellow"}


def audit(
    attacks: Annotated[
        list[str] | None,
        typer.Argument(help="Guarantees, or beginnings of attacks' names. Default: every attack."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Attack this machine's cells, and show which attacks they held.

    Each attack runs with the configuration as it is, in every installed language it is written in.
    Exits with 1 if one got through or could not be judged.
    """
    from berm.audit import runner
    from berm.config import Config

    chosen = runner.select(attacks or ())
    if not chosen:
        raise InputError(
            f"No attack and no guarantee begins with {', '.join(attacks or ())!r}.",
            remedy="Run `berm audit --json` once to see the names, or name a guarantee such as"
            " filesystem or network.",
        )
    settings = Config.load(config, os.environ)
    if as_json:
        trials = asyncio.run(runner.audit(settings, chosen))
        sys.stdout.write(json.dumps(as_dict(trials), indent=2) + "\n")
    else:
        trials = _show(lambda tell: asyncio.run(runner.audit(settings, chosen, on_trial=tell)))
    return Exit.OK if passed(trials) else Exit.FAILED


def passed(trials: Sequence[Trial]) -> bool:
    """True if no attack escaped, and none was left unjudged."""
    return all(trial.status.value in {"held", "not applicable"} for trial in trials)


def as_dict(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return everything as plain JSON-ready data."""
    return {
        "ok": passed(trials),
        "version": berm.__version__,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "user": os.geteuid(),
        "counts": dict(Counter(trial.status.value for trial in trials)),
        "trials": [trial.as_dict() for trial in trials],
    }


def _show(run: Callable[[Callable[[Trial], None]], list[Trial]]) -> list[Trial]:
    """Print each trial as it ends, then the sum."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)

    def tell(trial: Trial) -> None:
        status = trial.status.value
        color = _COLORS.get(status, "red")
        layers = f"  [dim]({', '.join(trial.layers)})[/dim]" if trial.layers else ""
        console.print(
            f"[{color}]{status:<14}[/{color}] {trial.attack.id:<28}"
            f" {trial.attack.guarantee.value:<13} {escape(trial.detail[:200])}{layers}"
        )

    trials = run(tell)
    counts = Counter(trial.status.value for trial in trials)
    told = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    color = "green" if passed(trials) else "red"
    console.print(f"\n[{color}]{len(trials)} attacks: {told}.[/{color}]")
    return trials
