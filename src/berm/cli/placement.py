"""``berm doctor --for PLACE``: what was found there, told in words and flags."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape

from berm.cli import advice
from berm.cli.advice import Advice, Promise, State
from berm.cli.exits import Exit
from berm.cli.surroundings import Surroundings, look
from berm.errors import ConfigError

if TYPE_CHECKING:
    from berm.cli.doctor import Report
    from berm.config import Config

_TITLES: Final = {
    "aca": "Azure Container Apps",
    "docker": "Docker",
    "kubernetes": "Kubernetes",
    "systemd": "systemd",
}
_COLOURS: Final = {State.GOOD: "green", State.WEAK: "yellow", State.WRONG: "red"}


def tell(place: str, config: Config, report: Report, *, as_json: bool) -> int:
    """Print what is to be said; return the exit code."""
    found = _look(config)
    promises = advice.promises(place, report.plan, report.guarantees, report.layers)
    checks = advice.checks(place, found)
    ok = report.ok and not any(one.state is State.WRONG for one in checks)
    if as_json:
        sys.stdout.write(json.dumps(_data(place, found, promises, checks, ok=ok), indent=2) + "\n")
    else:
        _print(place, report, promises, checks)
    return Exit.OK if ok else Exit.FAILED


def _look(config: Config) -> Surroundings:
    try:
        from berm.service.sections import Sections  # noqa: PLC0415 - only with the extra [service]
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("berm"):
            raise
        raise ConfigError(
            f"--for looks at the service's settings too, and {error.name} is not installed.",
            remedy="pip install 'berm[service]'",
        ) from error
    sections = Sections.load(config, os.environ)
    store = sections.store
    durable_at = None if store.postgresql else store.sqlite_file().parent
    return look(
        config,
        os.environ,
        store=store.place(),
        durable_at=durable_at,
        address=sections.service.host,
    )


def _data(
    place: str, found: Surroundings, promises: list[Promise], checks: list[Advice], *, ok: bool
) -> dict[str, object]:
    return {
        "ok": ok,
        "for": place,
        "guarantees": {
            one.guarantee.value: {"held": dict(one.held), "stronger": dict(one.stronger)}
            for one in promises
        },
        "around": [
            {"subject": one.subject, "state": one.state.value, "says": one.says, "flag": one.flag}
            for one in checks
        ],
        "found": found.as_dict(),
    }


def _print(place: str, report: Report, promises: list[Promise], checks: list[Advice]) -> None:
    console = Console(highlight=False)
    title = _TITLES[place]
    console.print(f"[bold]Guarantees[/bold], in the plan {report.plan} as {title} runs it\n")
    for promise in promises:
        name = promise.guarantee.value
        if promise.held:
            console.print(f"[green]{name}[/green] is held:")
        elif name in report.required:
            console.print(f"[red]{name} is not held[/red], and it is required:")
        else:
            console.print(f"[yellow]{name}[/yellow] was given up by isolation.give_up:")
        for layer, words in promise.held.items():
            console.print(f"    by {layer}: {words}")
        for layer, flag in promise.stronger.items():
            console.print(f"    stronger with {layer}: [cyan]{escape(flag)}[/cyan]")
    console.print(f"\n[bold]Around the service[/bold], for {title}\n")
    for one in checks:
        colour = _COLOURS[one.state]
        console.print(f"[{colour}]{one.state.value}[/{colour}]: {escape(one.says)}")
        if one.flag:
            console.print(f"    set: [cyan]{escape(one.flag)}[/cyan]")
        elif one.state is not State.GOOD:
            console.print(f"    {title} has no setting for it.")
    if report.problem:
        console.print(f"\n[red]{escape(report.problem)}[/red]")
