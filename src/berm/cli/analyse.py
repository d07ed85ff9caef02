"""``berm analyse``: what programs would do, told without running them."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import berm
from berm.cli.exits import Exit
from berm.errors import InputError

if TYPE_CHECKING:
    from berm.model import Analysis


def analyse(
    files: Annotated[list[str], typer.Argument(help="Source files; - reads one from stdin.")],
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="Default: from each file's extension.")
    ] = None,
    pack: Annotated[
        str | None,
        typer.Option(help="Policy pack: education, contest, strict. Default: education."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="RULE=off, report or block; wins over the pack. May be repeated."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="A rule, category or name that is allowed here. May be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    as_sarif: Annotated[
        bool, typer.Option("--sarif", help="Print the findings as SARIF 2.1.0.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Read programs and tell what they would do; nothing of them is run.

    Ends with 126 if a program is refused, 0 if none is; 65 if one could not be analysed.
    """
    from berm.analysis import Analyser, sarif
    from berm.config import Config

    if as_json and as_sarif:
        raise InputError("Both --json and --sarif are given.", remedy="Give one of them.")
    settings = Config.load(config)
    policy = settings.analysis_policy(
        pack or (settings.analysis_pack if settings.analysis_pack != "off" else "education"),
        rules=_rules(rule or []),
        allow=tuple(allow or ()),
    )
    analyser = Analyser(1, max_source=settings.analysis_max_code)
    found: dict[str, Analysis] = {}
    try:
        for name in files:
            chosen = language or _language(name)
            found[name] = analyser.analyse(_read(name), chosen, policy)
    finally:
        analyser.close()
    if as_sarif:
        print(json.dumps(sarif.document(found, berm.__version__), indent=2))
    elif as_json:
        print(json.dumps({name: each.as_dict() for name, each in found.items()}, indent=2))
    else:
        for name, each in found.items():
            _tell(name, each)
    if any(each.refused for each in found.values()):
        return Exit.REFUSED
    return Exit.DATA if any(not each.complete for each in found.values()) else Exit.OK


def _rules(given: list[str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for each in given:
        name, equals, action = each.partition("=")
        if not equals:
            raise InputError(
                f"--rule {each} has no action.", remedy="Write --rule python.network=off."
            )
        made[name] = action
    return made


def _language(name: str) -> str:
    from berm.analysis.analyser import SUFFIXES

    found = SUFFIXES.get(Path(name).suffix.lower())
    if found is None:
        raise InputError(
            f"The language of {name} is not known from its name.", remedy="Name it with --language."
        )
    return found


def _read(name: str) -> bytes:
    from berm.analysis.analyser import read_limited

    return sys.stdin.buffer.read(4 * 1024 * 1024) if name == "-" else read_limited(Path(name))


def _tell(name: str, analysis: Analysis) -> None:
    """Print one program's findings as a compiler prints its messages."""
    for finding in analysis.findings:
        verdict = "refused" if finding.blocked else finding.severity
        print(
            f"{name}:{finding.line}:{finding.column}: {verdict}: {finding.message} [{finding.rule}]"
        )
    if not analysis.findings:
        print(f"{name}: nothing found" if analysis.complete else f"{name}: not analysed")
