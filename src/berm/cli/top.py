"""``berm top``: what a service is doing, live, from its ``/metrics``."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from berm.cli.exits import Exit
from berm.errors import BermError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_KEY_VARIABLE = "BERM_KEY"


def top(
    url: Annotated[str, typer.Argument(help="The service's address.")] = "http://127.0.0.1:8000",
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2, max=3600)] = 2,
    once: Annotated[bool, typer.Option("--once", help="Show one picture and end.")] = False,
) -> int:
    """Show a service live: runs, waits, queue, pool, refusals. Ctrl-C ends it.

    A service that asks for keys needs one with the scope `metrics`, in the variable BERM_KEY: what
    stands on a command line, every user of the machine can read.
    """
    from rich.console import Console
    from rich.live import Live

    before = read(url)
    if once:
        Console().print(picture(url, before, None))
        return Exit.OK
    with Live(picture(url, before, None), refresh_per_second=4, screen=True) as live:
        while True:
            time.sleep(every)
            now = read(url)
            live.update(picture(url, now, before))
            before = now


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What the service said at one moment: name and labels → value."""

    at: float
    values: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]

    def rows(self, name: str) -> Iterable[tuple[dict[str, str], float]]:
        """Return the samples of that name with their labels."""
        return (
            (dict(labels), value) for (one, labels), value in self.values.items() if one == name
        )

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the samples that have these labels."""
        return sum(v for has, v in self.rows(name) if labels.items() <= has.items())


def parse(text: str, at: float) -> Look:
    """Read Prometheus' text format."""
    from prometheus_client.parser import text_string_to_metric_families

    return Look(
        at,
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        },
    )


def read(url: str) -> Look:
    """Ask the service.

    Raises:
        BermError: it does not answer, or not with metrics.
    """
    import httpx

    headers = {}
    if key := os.environ.get(_KEY_VARIABLE):
        headers["authorization"] = f"Bearer {key}"
    try:
        answer = httpx.get(f"{url.rstrip('/')}/metrics", headers=headers, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BermError(
            f"No service answers at {url}: {type(error).__name__}.",
            remedy="Give its address: berm top http://HOST:PORT.",
        ) from error
    if answer.status_code in (401, 403):
        raise BermError(
            f"{url} wants a key with the scope metrics.",
            remedy=f"Put one into {_KEY_VARIABLE}; `berm keys create --role admin --scope metrics` makes"
            " one.",
        )
    if answer.status_code != httpx.codes.OK:
        raise BermError(f"{url}/metrics answers {answer.status_code}.")
    try:
        return parse(answer.text, time.monotonic())
    except ValueError as error:
        raise BermError(f"{url}/metrics is no metrics of Berm's.") from error


def picture(url: str, now: Look, before: Look | None) -> RenderableType:
    """Return what is shown; rates where there is an earlier look."""
    from rich.columns import Columns
    from rich.console import Group
    from rich.text import Text

    def rate(name: str, **labels: str) -> str:
        if before is None or now.at <= before.at:
            return "-"
        change = now.total(name, **labels) - before.total(name, **labels)
        return f"{max(0.0, change) / (now.at - before.at):.1f}/s"

    holds = now.total("berm_isolation_holds") == 1
    ready = now.total("berm_ready") == 1
    head = Text.assemble(
        (f"Berm {url}  ", "bold"),
        ("ready" if ready else "not ready", "green" if ready else "bold red"),
        "  isolation ",
        ("holds" if holds else "DOES NOT HOLD", "green" if holds else "bold red"),
        f"  proved {_ago(now)} ago",
    )
    load = _table("now", "")
    for title, name in (
        ("requests under way", "berm_requests_under_way"),
        ("interactive runs", "berm_interactive_runs"),
        ("runs at a time, at most", "berm_runs_at_a_time"),
    ):
        load.add_row(title, f"{now.total(name):.0f}")
    for labels, value in now.rows("berm_queue_jobs"):
        load.add_row(f"queue: {labels.get('state', '')}", f"{value:.0f}")
    load.add_row("requests", rate("berm_requests_total"))
    load.add_row("memory of the service", _size(now.total("berm_memory_bytes", part="service")))
    load.add_row("memory of all parts", _size(now.total("berm_memory_bytes")))

    runs = _table("language", "runs", "rate", "mean", "not ended well")
    for language in sorted({labels["language"] for labels, _ in now.rows("berm_runs_total")}):
        count = now.total("berm_runs_total", language=language)
        bad = count - now.total("berm_runs_total", language=language, outcome="exited")
        mean = now.total("berm_run_seconds_sum", language=language) / max(count, 1)
        runs.add_row(language, f"{count:.0f}", rate("berm_runs_total", language=language),
                     f"{mean * 1000:.1f} ms", f"{bad:.0f}")  # fmt: skip

    verdicts = _table("verdict", "submissions")
    for verdict in sorted({labels["verdict"] for labels, _ in now.rows("berm_verdicts_total")}):
        verdicts.add_row(verdict, f"{now.total('berm_verdicts_total', verdict=verdict):.0f}")

    pool = _table("pool", "parked", "taken parked", "taken cold")
    for labels, parked in now.rows("berm_pool_parked"):
        taken = [
            f"{now.total('berm_pool_taken_total', profile=labels['profile'], how=how):.0f}"
            for how in ("parked", "cold")
        ]
        pool.add_row(labels["profile"], f"{parked:.0f}", *taken)

    refused = _table("refused", "times")
    for name, label in (("berm_limits_hit_total", "limit"), ("berm_denials_total", "syscall")):
        rows = sorted(now.rows(name), key=lambda row: -row[1])[:8]
        for labels, value in rows:
            refused.add_row(f"{label} {labels[label]}", f"{value:.0f}")
    return Group(head, Text(), Columns([load, runs, verdicts, pool, refused], padding=(0, 4)))


def _table(*head: str) -> Table:
    from rich.table import Table

    table = Table(*head, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _ago(now: Look) -> str:
    seconds = time.time() - now.total("berm_last_proof_timestamp_seconds")
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{max(0, seconds):.0f} s"


def _size(value: float) -> str:
    return f"{value / (1 << 20):.0f} MiB"
