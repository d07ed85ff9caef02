"""``berm plan``: how many replicas a contest takes, how long people wait, and what it costs."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from berm.cli.capacity import (
    MOST_SUBMISSIONS,
    Prices,
    Replica,
    Wait,
    Work,
    cost,
    idle_cost,
    sizes,
    smallest,
    waiting,
)
from berm.cli.exits import Exit
from berm.cli.sizes import parse_size
from berm.errors import ConfigError, InputError, LimitError
from berm.model import OutcomeKind

if TYPE_CHECKING:
    from berm.engine import Engine

_DATA: Final = Path(__file__).with_name("data")
_SPAN: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?\s*")
_FACTORS: Final = {None: 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_MONTH: Final = 30 * 86_400
_MEASURE_SECONDS: Final = 4.0
_COMPILATIONS: Final = 3


def plan(
    students: Annotated[int, typer.Option(help="People who hand in.")],
    tests: Annotated[int, typer.Option(help="Tests of a submission.")] = 10,
    language: Annotated[str, typer.Option(help="Language of most submissions.")] = "python",
    window: Annotated[
        str, typer.Option(help="Time within which everybody hands in once: 60s, 5m, 1h.")
    ] = "60s",
    wait: Annotated[str, typer.Option(help="How long 19 of 20 may wait for their result.")] = "10s",
    computing: Annotated[
        str, typer.Option(help="What a program computes in one test, beside starting.")
    ] = "50ms",
    compile_time: Annotated[
        str | None, typer.Option(help="Given instead of measured: one compilation.")
    ] = None,
    run_time: Annotated[
        str | None, typer.Option(help="Given instead of measured: one test of a tiny program.")
    ] = None,
    program: Annotated[
        Path | None, typer.Option(help="Measure this program in place of a tiny one.")
    ] = None,
    cpu: Annotated[float, typer.Option(help="vCPUs of a replica.")] = 1.0,
    memory: Annotated[str, typer.Option(help="Memory of a replica.")] = "2GiB",
    hours: Annotated[float, typer.Option(help="Hours for which the replicas are kept.")] = 3.0,
    prices: Annotated[
        Path | None, typer.Option(help="TOML with other prices, as cli/data/prices.toml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> int:
    """Compute how many replicas a contest takes, what is waited, and what it costs.

    Measures on this machine what a compilation and a test of the language take (four seconds with both
    processors at work), or takes the times that are given, and simulates the queue. Exits with 1 if no
    number of replicas is enough: then one submission alone takes longer than --wait.
    """
    replica = Replica(_between("--cpu", cpu, 0.25, 64), parse_size(memory))
    needs = _needs(students, tests)
    seconds = _span("--window", window)
    patience = _span("--wait", wait)
    measured = _work(language, program, compile_time, run_time)
    work = dataclasses.replace(measured.work, computing=_span("--computing", computing))
    each = work.of(tests)
    enough = smallest(needs, seconds, each, replica, patience)
    found = dict(sizes(needs, seconds, each, replica))
    if enough is not None:
        found[enough] = waiting(needs, seconds, each, enough, replica)
    table = _prices(prices)
    answer = {
        "students": needs,
        "tests": tests,
        "language": language,
        "window_seconds": seconds,
        "wait_seconds": patience,
        "work": {**dataclasses.asdict(work), "submission": each, "from": measured.source},
        "replica": {"vcpus": replica.processors, "memory_bytes": replica.memory},
        "replicas": enough,
        "waits": {n: dataclasses.asdict(one) for n, one in sorted(found.items())},
        "cost_dollars": {n: round(cost(n, hours * 3600, replica, table), 2) for n in sorted(found)},
        "idle_month_dollars": round(idle_cost(1, _MONTH, replica, table), 2),
        "database_month_dollars": round(table.database_hour * _MONTH / 3600, 2),
    }
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        _print(answer, found, hours)
    return Exit.OK if enough is not None else Exit.FAILED


@dataclasses.dataclass(frozen=True, slots=True)
class _Measured:
    work: Work
    source: str


def _work(
    language: str, program: Path | None, compile_time: str | None, run_time: str | None
) -> _Measured:
    if run_time is not None:
        compiling = 0.0 if compile_time is None else _span("--compile-time", compile_time)
        return _Measured(Work(compiling, _span("--run-time", run_time), 0.0), "given")
    if compile_time is not None:
        raise InputError("--compile-time is given and --run-time is not.", remedy="Give both.")
    return asyncio.run(_measure(language, program))


async def _measure(language: str, program: Path | None) -> _Measured:
    """Measure a compilation and a test, with as many at a time as there are processors."""
    from berm.config import Config
    from berm.engine import Engine

    processors = len(os.sched_getaffinity(0))
    async with Engine(Config.load(None, os.environ)) as engine:
        source = _sample(engine, language, program)
        await engine.furnish([language])
        compiling = await _compilations(engine, language, source)
        ready = await engine.prepare(source, language)
        try:
            first = await engine.execute(ready, "41\n")
            if first.outcome.kind is not OutcomeKind.EXITED or first.outcome.exit_code:
                raise InputError(
                    f"The program to measure ended by {first.outcome.kind.value}.",
                    remedy="Give one that reads a number and ends well: --program FILE.",
                )
            end = (start := time.monotonic()) + _MEASURE_SECONDS
            count = 0

            async def lane() -> None:
                nonlocal count
                while time.monotonic() < end:
                    await engine.execute(ready, "41\n")
                    count += 1

            await asyncio.gather(*(lane() for _ in range(processors)))
            running = (time.monotonic() - start) * processors / count
        finally:
            ready.close()
    busy = os.getloadavg()[0]
    return _Measured(
        Work(compiling, running, 0.0),
        f"measured here, {count} runs on {processors} processors at load {busy:.1f}",
    )


async def _compilations(engine: Engine, language: str, source: str) -> float:
    """Return the least of some compilations, in seconds; 0 where the language has none."""
    found = []
    for number in range(_COMPILATIONS):
        # The compile cache knows a program by its text.
        text = source + "\n" * (number + 1)
        start = time.monotonic()
        made = await engine.prepare(text, language)
        took = time.monotonic() - start
        compiled = made.compiled is not None
        made.close()
        if not made.ok:
            raise InputError("The program to measure does not compile.")
        if not compiled:
            return 0.0
        found.append(took)
    return min(found)


def _sample(engine: Engine, language: str, program: Path | None) -> str:
    if program is not None:
        try:
            return program.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{program} cannot be read: {error}.") from error
    samples = tomllib.loads((_DATA / "samples.toml").read_text("utf-8"))
    name = engine.registry.get(language).name
    if name not in samples:
        raise InputError(
            f"There is no program to measure {name} with.",
            remedy=f"Give one: --program FILE, or --run-time. There are some for {', '.join(samples)}.",
        )
    return str(samples[name])


def _needs(students: int, tests: int) -> int:
    if not 1 <= tests <= 10_000:
        raise LimitError(f"--tests is {tests}.", remedy="Give a number from 1 to 10000.")
    return round(_between("--students", students, 1, MOST_SUBMISSIONS))


def _between(name: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise LimitError(f"{name} is {value}.", remedy=f"Give a number from {low} to {high}.")
    return value


def _span(name: str, text: str) -> float:
    found = _SPAN.fullmatch(text)
    if found is None or not float(found[1]) * _FACTORS[found[2]] <= 86_400:
        raise LimitError(
            f"{name} is {text[:40]!r}.", remedy="Write a time up to a day, such as 50ms, 60s, 5m."
        )
    return float(found[1]) * _FACTORS[found[2]]


def _prices(path: Path | None) -> Prices:
    try:
        table = tomllib.loads((path or _DATA / "prices.toml").read_text("utf-8"))
        seconds, hourly = table["seconds"], table["hours"]
        return Prices(
            float(seconds["processor"]),
            float(seconds["gib"]),
            float(seconds["idle_processor"]),
            float(hourly["database"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"The prices in {path} cannot be used: {error!r}.",
            remedy="Write them as Berm's own: [seconds] processor, idle_processor, gib; [hours] database.",
        ) from error


def _print(answer: dict[str, Any], found: dict[int, Wait], hours: float) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    work = answer["work"]
    console.print(
        f"{answer['students']} submissions of {answer['tests']} tests in {answer['language']} within"
        f" {answer['window_seconds']:g} s; one takes {work['submission']:.2f} s of a processor:"
        f" {work['compiling']:.3f} to compile, {work['running']:.4f} a test and"
        f" {work['computing']:g} for what it computes ({work['from']}).\n"
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("replicas", "half wait", "19 of 20", "the last", f"dollars for {hours:g} h", ""):
        table.add_column(head, justify="left" if not head else "right")
    for replicas, one in sorted(found.items()):
        mark = "enough" if replicas == answer["replicas"] else ""
        times = (f"{seconds:.1f} s" for seconds in (one.median, one.most, one.longest))
        table.add_row(str(replicas), *times, f"{answer['cost_dollars'][replicas]:.2f}", mark)
    console.print(table)
    if answer["replicas"] is None:
        console.print(
            "\nNo number of replicas is enough: one submission alone takes longer than --wait"
            f" {answer['wait_seconds']:g} s."
        )
    console.print(
        f"\nBetween contests: {answer['idle_month_dollars']:.2f} dollars a month for one replica that"
        f" waits, {answer['database_month_dollars']:.2f} for the database; no replica costs nothing."
    )
