"""``berm judge``: submissions by a problem package; a table of verdicts, or everything as JSON."""

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

if TYPE_CHECKING:
    from berm.config import Config
    from berm.judge import Judgement
    from berm.judge.packages import Package


def judge(
    problem: Annotated[
        Path, typer.Argument(help="Folder of a problem package (ICPC, Kattis, DMOJ, Polygon).")
    ],
    submissions: Annotated[
        list[Path], typer.Argument(help="Source files, folders of them, or zip archives.")
    ],
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="Default: from the main file's name.")
    ] = None,
    entry: Annotated[
        str | None, typer.Option(help="The main file of a submission with many files.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="No more tests after the first that fails.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(help="Seconds of CPU time. Default: the package's own, or from its accepted."),
    ] = None,
    parallel: Annotated[int, typer.Option(help="Tests at a time; 0 for one per core.")] = 0,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Judge submissions by a problem package.

    Exits with 0 if all are accepted, and with 1 if one is not.
    """
    from berm.config import Config

    settings = Config.load(config, os.environ)
    request = _Request(
        problem, tuple(submissions), language, entry, as_json, stop, time_limit, parallel
    )
    return asyncio.run(_main(settings, request))


@dataclasses.dataclass(frozen=True, slots=True)
class _Request:
    problem: Path
    submissions: tuple[Path, ...]
    language: str | None
    entry: str | None
    as_json: bool
    stop: bool
    time_limit: float | None
    parallel: int


async def _main(settings: Config, request: _Request) -> int:
    from berm.cli.judge_bar import Bar
    from berm.engine import Engine
    from berm.judge import Judge
    from berm.judge.packages import read
    from berm.judge.verification import calibrate

    judged: list[tuple[str, Judgement]] = []
    async with Engine(settings) as engine, Judge(engine, parallel=request.parallel) as own:
        package = read(request.problem, engine.registry, time_limit=request.time_limit)
        with Bar() as bar:
            if package.time_limit is None:
                package, _ = await calibrate(
                    package, own, engine.registry, on_progress=bar.labelled("time limit")
                )
            if request.stop:
                stopping = dataclasses.replace(package.problem, stop=True)
                package = dataclasses.replace(package, problem=stopping)
            for path in request.submissions:
                submission = package.submission(
                    path, engine.registry, language=request.language, entry=request.entry
                )
                judgement = await own.judge(submission, package.problem, on_event=bar.of(path.name))
                judged.append((str(path), judgement))
    if request.as_json:
        sys.stdout.write(json.dumps(_as_data(package, judged), indent=2) + "\n")
    else:
        _print(package, judged)
    accepted = all(judgement.accepted for _, judgement in judged)
    return Exit.OK if accepted else Exit.FAILED


def _as_data(package: Package, judged: list[tuple[str, Judgement]]) -> dict[str, object]:
    limits = package.problem.limits
    return {
        "problem": {
            "name": package.problem.name,
            "title": package.problem.title,
            "format": package.format,
            "time_limit": limits.cpu_time,
            "memory_limit": limits.memory,
            "scoring": package.problem.scoring,
            "tests": len(package.problem.tests),
        },
        "submissions": [{"submission": name, **judgement.as_dict()} for name, judgement in judged],
    }


def _print(package: Package, judged: list[tuple[str, Judgement]]) -> None:
    from rich.console import Console
    from rich.markup import escape

    from berm.cli.judge_bar import groups_table, tests_table

    console = Console(highlight=False)
    problem = package.problem
    console.print(
        f"[bold]{escape(problem.title or problem.name)}[/] ({package.format}):"
        f" {len(problem.tests)} tests, {problem.limits.cpu_time:g} s,"
        f" {problem.limits.memory / 1024**2:g} MiB"
    )
    for name, judgement in judged:
        console.print()
        console.print(tests_table(escape(name), judgement))
        if problem.scoring:
            console.print(groups_table(judgement))
