"""``berm bench``: what cells cost on this machine, beside bare programs and other sandboxes."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from berm.cli.exits import Exit
from berm.errors import InputError

if TYPE_CHECKING:
    from berm.bench.figure import Record


def bench(
    measures: Annotated[
        list[str] | None,
        typer.Argument(help="What to measure; --list shows the names. Default: everything."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    against: Annotated[
        str,
        typer.Option(
            help="Other sandboxes to compare with: bwrap, firejail, nsjail, unshare, with commas;"
            " installed for all that are here, none for none."
        ),
    ] = "installed",
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page with plots to this file (HTML, self-contained)."),
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=5, help="Rounds of each comparison; figures are medians of them.")
    ] = 5,
    samples: Annotated[
        int, typer.Option(min=10, help="Runs of a tiny program in each round.")
    ] = 100,
    plan: Annotated[
        str | None, typer.Option(help="namespaces or confined. Default: as configured.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show what can be measured.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a target is missed.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Measure cells beside bare programs, in one run, with every guarantee in force.

    Ratios are what to compare: absolute times drift with the machine. Let it do nothing else
    meanwhile. Everything takes about ten minutes on two cores.
    """
    from berm.bench.command import MEASURES, take, wanted
    from berm.bench.page import page
    from berm.bench.rivals import chosen
    from berm.cli.bench_table import Bar, table
    from berm.config import Config

    if listing:
        sys.stdout.writelines(f"{name:12} {what}\n" for name, (_, _, what) in MEASURES.items())
        return Exit.OK
    settings = Config.load(config, os.environ)
    if plan is not None:
        settings = dataclasses.replace(settings, plan=plan)
    names, rivals = wanted(measures or ()), chosen(against)
    if report is not None and not report.resolve().parent.is_dir():
        raise InputError(f"There is no folder {report.resolve().parent} for the report.")
    with Bar() as bar:
        record: Record = asyncio.run(
            take(settings, names, rivals, rounds=rounds, samples=samples, step=bar.step)
        )
    if report is not None:
        report.write_text(page(record), "utf-8")
    if as_json:
        sys.stdout.write(json.dumps(record.as_dict(), indent=2) + "\n")
    else:
        table(record)
    return Exit.FAILED if strict and record.missed else Exit.OK
