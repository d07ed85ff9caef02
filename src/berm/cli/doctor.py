"""``berm doctor``: what this machine permits, what Berm makes of it, and what is missing."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

import berm
from berm.cli.exits import Exit
from berm.cli.surroundings import PLACES
from berm.errors import InputError, IsolationError
from berm.model import Enforcement, Guarantee

if TYPE_CHECKING:
    from rich.console import Console

    from berm.config import Config
    from berm.engine import Engine

_LANDLOCK: Final = "Landlock enabled (CONFIG_SECURITY_LANDLOCK, and landlock in the lsm= list)"
_NAMESPACES: Final = (
    "Allow user namespaces (user.max_user_namespaces above 0; where they exist,"
    " kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0; in a"
    " container, a seccomp profile that permits unshare and mount), or start Berm as root."
)
_HINTS: Final[Mapping[str, str]] = {
    "user-namespace": _NAMESPACES,
    "pid-namespace": _NAMESPACES,
    "mount-namespace": _NAMESPACES,
    "network-namespace": _NAMESPACES,
    "ipc-namespace": _NAMESPACES,
    "uts-namespace": _NAMESPACES,
    "cgroup-namespace": _NAMESPACES,
    "copied-root": "Not needed here: it stands in where nothing can be mounted and Landlock is missing (gVisor).",
    "pivot-root": _NAMESPACES,
    "cgroup": "Delegate a cgroup v2 subtree with the memory and pids controllers (systemd:"
    " Delegate=yes), or name one in isolation.cgroup. Without it, limits and a watchdog do it.",
    "uid": "Start Berm as root: then each cell gets a user id of its own.",
    "landlock-fs": f"Linux 5.13 or later with {_LANDLOCK}.",
    "landlock-net": f"Linux 6.7 or later with {_LANDLOCK}.",
    "landlock-scope": f"Linux 6.12 or later with {_LANDLOCK}.",
    "seccomp": "A kernel with CONFIG_SECCOMP_FILTER. Berm runs nothing without it.",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What was found. ``missing`` are required guarantees that no layer holds here."""

    machine: dict[str, Any]
    features: dict[str, Any]
    plan: str
    layers: dict[str, bool]
    guarantees: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    missing: tuple[str, ...]
    problem: str
    languages: list[dict[str, Any]]
    surface: dict[str, Mapping[str, tuple[str, ...]]]
    pool: Mapping[str, int]
    service: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """True if Berm can run programs here as it is configured."""
        return not self.problem and not self.missing

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready data."""
        return {
            "ok": self.ok,
            **self.machine,
            "plan": self.plan,
            "guarantees": {
                guarantee.value: {
                    "held": guarantee.value in self.guarantees,
                    "required": guarantee.value in self.required,
                    "layers": list(self.guarantees.get(guarantee.value, ())),
                }
                for guarantee in Guarantee
            },
            "layers": {
                name: {"in_force": there, "how_to_get": "" if there else _HINTS.get(name, "")}
                for name, there in self.layers.items()
            },
            "missing": list(self.missing),
            "problem": self.problem,
            "languages": self.languages,
            "attack_surface": {
                "docker_default": _docker_reach(),
                "profiles": {
                    profile: {"syscalls": len(calls), "conditions": calls}
                    for profile, calls in self.surface.items()
                },
            },
            "pool": dict(self.pool),
            "service": self.service,
            "features": self.features,
        }


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="|".join(PLACES),
            help="Say what holds each guarantee, what would make it stronger, and the flag to set there.",
        ),
    ] = None,
    service: Annotated[
        str | None,
        typer.Option(
            help="Address of a running service: show its pools too. Its key, if it asks for one, is read from BERM_KEY."
        ),
    ] = None,
) -> int:
    """Show what isolation holds on this machine, by which layers, and which languages are there.

    With --for it looks around the service instead: at its user, its container and its limits. Run it where
    the service runs.

    Exits with 1 if a required guarantee cannot be held, or something around the service is wrong.
    """
    from berm.cli.pool_report import of_service
    from berm.cli.top import read
    from berm.config import Config

    if place is not None and place not in PLACES:
        raise InputError(f"--for is {place!r}.", remedy=f"Give one of: {', '.join(PLACES)}.")
    settings = Config.load(config, os.environ)
    said = None if service is None else of_service(service, read(service))
    report = dataclasses.replace(asyncio.run(examine(settings)), service=said)
    if place is not None:
        from berm.cli.placement import tell

        return tell(place, settings, report, as_json=as_json)
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), indent=2) + "\n")
    else:
        from rich.console import Console

        _print(Console(highlight=False), report)
    return Exit.OK if report.ok else Exit.FAILED


async def examine(config: Config) -> Report:
    """Find everything out. Nothing is started but short-lived trials."""
    from berm.cli.pool_report import allowed
    from berm.engine import Engine
    from berm.policy.layers import LAYERS

    # With nothing required, a plan is made even where it is too weak, and can be shown.
    lenient = dataclasses.replace(config, require=(), give_up=())
    async with Engine(lenient) as engine:
        held = _weakest(engine)
        settings = config.plan_settings()
        required = tuple(guarantee.value for guarantee in settings.require)
        guarantees = {g.value: layers for g, layers in held.guarantees.items()}
        return Report(
            machine={
                "version": berm.__version__,
                "kernel": platform.release(),
                "architecture": platform.machine(),
                "python": platform.python_version(),
                "user": os.geteuid(),
            },
            features=engine.features.as_dict(),
            plan=held.plan,
            layers={name: name in held.layers for name in LAYERS},
            guarantees=guarantees,
            required=required,
            missing=tuple(name for name in required if name not in guarantees),
            problem=await _problem(config),
            languages=[
                {
                    "name": language.name,
                    "title": language.title,
                    "aliases": list(language.aliases),
                    "available": language.available,
                    "version": language.version,
                    "problem": language.problem,
                    "how_to_get": "" if language.available else language.install_hint,
                }
                for language in engine.registry.all()
            ],
            surface=_surface(engine, held.plan),
            pool=allowed(config),
        )


def _surface(engine: Engine, plan: str) -> dict[str, Mapping[str, tuple[str, ...]]]:
    """Return profile → reachable syscall → the conditions on its arguments, on this machine."""
    from berm.policy.profile import NAMES, WORLDS, flags_of, reach

    flags = flags_of(engine.features)
    worlds = [world for world in WORLDS if world == plan]
    return {name: reach(name, world, flags) for world in worlds for name in NAMES}


def _docker_reach() -> int:
    from berm.policy.profile import DOCKER_DEFAULT_REACH

    return DOCKER_DEFAULT_REACH


def _weakest(engine: Engine) -> Enforcement:
    """Return what holds for every installed language."""
    found = [engine.enforcement(language.name) for language in engine.registry.available()]
    if not found:
        return Enforcement("none", {}, ())
    first = found[0]
    return Enforcement(
        first.plan,
        {
            guarantee: tuple(
                name
                for name in names
                if all(name in e.guarantees.get(guarantee, ()) for e in found)
            )
            for guarantee, names in first.guarantees.items()
            if all(guarantee in e.guarantees for e in found)
        },
        tuple(name for name in first.layers if all(name in e.layers for e in found)),
    )


async def _problem(config: Config) -> str:
    """Return why the configuration as it is cannot be held, or an empty string."""
    from berm.engine import Engine

    async with Engine(config) as engine:
        languages = engine.registry.available()
        if not languages:
            return "No language is installed, so nothing can run."
        try:
            for language in languages:
                engine.enforcement(language.name)
        except IsolationError as error:
            return error.diagnostics()
    return ""


def _print(console: Console, report: Report) -> None:
    from rich.markup import escape
    from rich.table import Table

    from berm.cli.pool_report import show

    def table(*columns: str) -> Table:
        made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for column in columns:
            made.add_column(column, overflow="fold")
        return made

    machine = report.machine
    console.print(
        f"Berm {machine['version']} on Linux {machine['kernel']} ({machine['architecture']}),"
        f" Python {machine['python']}, uid {machine['user']}; plan: [bold]{report.plan}[/bold]\n"
    )
    guarantees = table("guarantee", "", "held by")
    for guarantee in Guarantee:
        layers = report.guarantees.get(guarantee.value)
        if layers is not None:
            guarantees.add_row(guarantee.value, "[green]held[/green]", ", ".join(layers))
        elif guarantee.value in report.required:
            guarantees.add_row(guarantee.value, "[red]MISSING[/red]", "no layer of this machine")
        else:
            guarantees.add_row(guarantee.value, "[yellow]given up[/yellow]", "by isolation.give_up")
    console.print(guarantees)

    console.print(
        "\nlayers in force: " + ", ".join(n for n, there in report.layers.items() if there)
    )
    if absent := [name for name, there in report.layers.items() if not there]:
        hints = table("not in force", "how to get it")
        for hint in dict.fromkeys(_HINTS.get(name, "") for name in absent):
            names = ", ".join(name for name in absent if _HINTS.get(name, "") == hint)
            hints.add_row(names, escape(hint))
        console.print(hints)

    if report.surface:
        surface = table("\nattack surface", "\nsyscalls", "\nof them, only with some arguments")
        for profile, calls in report.surface.items():
            bounded = sum(1 for conditions in calls.values() if conditions)
            surface.add_row(f"profile {profile}", str(len(calls)), str(bounded))
        surface.add_row("for comparison: Docker's default", str(_docker_reach()), "")
        console.print(surface)

    languages = table("\nlanguage", "\nversion", "")
    for language in report.languages:
        if language["available"]:
            languages.add_row(language["title"], language["version"], "")
        else:
            reason = f"{language['problem']}. {language['how_to_get']}"
            languages.add_row(language["title"], "[yellow]missing[/yellow]", escape(reason))
    console.print(languages)
    show(console, report.pool, report.service)
    console.print()
    if report.ok:
        console.print("[green]Berm can run programs here.[/green]")
    else:
        console.print(f"[red]Berm cannot run programs here.[/red] {escape(report.problem)}")
