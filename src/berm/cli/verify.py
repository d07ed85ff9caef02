"""``berm verify``: does a problem package keep its own word?"""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from berm.cli.exits import Exit

if TYPE_CHECKING:
    from berm.config import Config
    from berm.judge.packages import Package
    from berm.judge.verification import Checked


def verify(
    problems: Annotated[list[Path], typer.Argument(help="Folders of problem packages.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    times: Annotated[int, typer.Option(min=1, max=1000, help="Verify so often in a row.")] = 1,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Take the time limit from the accepted submissions."),
    ] = False,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds of CPU time. Default: the package's own.")
    ] = None,
    parallel: Annotated[int, typer.Option(help="Tests at a time; 0 for one per core.")] = 0,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Judge the labelled submissions of problem packages, and report what is not as labelled.

    Exits with 0 if every submission that could be judged is as labelled, and with 1 if one is not, or
    none could be judged. Submissions in languages that are missing here are told, and not counted.
    """
    from berm.config import Config

    settings = Config.load(config, os.environ)
    options = (as_json, times, calibrate, time_limit, parallel)
    return asyncio.run(_main(settings, problems, *options))


async def _main(
    settings: Config,
    problems: list[Path],
    as_json: bool,
    times: int,
    calibrated: bool,
    time_limit: float | None,
    parallel: int,
) -> int:
    from berm.cli.judge_bar import Bar
    from berm.engine import Engine
    from berm.judge import Judge
    from berm.judge.packages import read
    from berm.judge.verification import calibrate, verify

    found: list[tuple[Package, int, list[Checked]]] = []
    async with Engine(settings) as engine, Judge(engine, parallel=parallel) as own:
        for path in problems:
            package = read(path, engine.registry, time_limit=time_limit)
            with Bar() as bar:
                if calibrated or package.time_limit is None:
                    tell = bar.labelled("time limit")
                    package, _ = await calibrate(package, own, engine.registry, on_progress=tell)
                for turn in range(1, times + 1):
                    checked = [
                        one
                        async for one in verify(
                            package,
                            own,
                            engine.registry,
                            on_progress=bar.labelled(package.problem.name),
                        )
                    ]
                    found.append((package, turn, checked))
            if not as_json:
                _print(package, [checked for one, _, checked in found if one is package])
    if as_json:
        sys.stdout.write(json.dumps([_as_data(*row) for row in found], indent=2) + "\n")
    kept = all(
        any(one.agrees for one in checked) and not any(one.disagreements for one in checked)
        for _, _, checked in found
    )
    return Exit.OK if kept else Exit.FAILED


def _as_data(package: Package, turn: int, checked: list[Checked]) -> dict[str, object]:
    return {
        "problem": package.problem.name,
        "format": package.format,
        "time_limit": package.problem.limits.cpu_time,
        "turn": turn,
        "agrees": not any(one.disagreements for one in checked),
        "submissions": [
            {
                "submission": one.labelled.name,
                "agrees": one.agrees,
                "disagreements": list(one.disagreements),
                "skipped": one.skipped,
                "judgement": one.judgement.as_dict() if one.judgement else None,
            }
            for one in checked
        ],
    }


def _print(package: Package, turns: list[list[Checked]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from berm.cli.judge_bar import coloured

    console = Console(highlight=False)
    table = Table(
        title=f"[bold]{escape(package.problem.title)}[/] ({package.format}):"
        f" {len(package.problem.tests)} tests, {package.problem.limits.cpu_time:g} s"
        + (f", {len(turns)} times" if len(turns) > 1 else ""),
        title_justify="left",
    )
    table.add_column("submission")
    table.add_column("verdict")
    for name in ("CPU s", "MiB"):
        table.add_column(name, justify="right")
    if package.problem.scoring:
        table.add_column("points", justify="right")
    table.add_column("as labelled", overflow="fold")
    for row in zip(*turns, strict=True):
        last = row[-1]
        wrong = [one for one in row if one.disagreements]
        shown = wrong[0] if wrong else last
        cells = [escape(last.labelled.name), "[dim]-[/]", "", ""]
        if shown.judgement is not None:
            used = max(one.judgement.usage.cpu_time for one in row if one.judgement)
            memory = shown.judgement.usage.memory / 1024**2
            cells[1:] = [coloured(shown.judgement.verdict.value), f"{used:.3f}", f"{memory:.1f}"]
        if package.problem.scoring:
            cells.append("" if shown.judgement is None else f"{shown.judgement.score:g}")
        if wrong:
            often = f" ({len(wrong)} of {len(row)} times)" if len(row) > 1 else ""
            cells.append(f"[red]no[/]{often}: {escape(' '.join(shown.disagreements))}")
        elif shown.skipped:
            cells.append(f"[yellow]not judged[/]: {escape(shown.skipped)}")
        else:
            cells.append("[green]yes[/]")
        table.add_row(*cells)
    console.print(table)
