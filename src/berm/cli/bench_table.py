"""What ``berm bench`` shows: a progress bar on stderr, a table on stdout."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from berm.bench.figure import Record
from berm.bench.page import compared, goal, number

_WIDTH: Final = 110
"""Of the table where nobody knows how wide the paper is."""


class Bar(Progress):
    """One line for each measure; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        super().__init__(
            TextColumn("{task.description:12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._measures: dict[str, TaskID] = {}

    def step(self, measure: str, done: int, of: int) -> None:
        """Show how far a measure is."""
        if measure not in self._measures:
            self._measures[measure] = self.add_task(measure, total=of)
        self.update(self._measures[measure], completed=done, total=of)


def table(record: Record) -> None:
    """Print the figures, what was not measured and why; curves are for the page and for JSON."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    machine = record.machine
    console.print(
        f"Berm {machine['version']}, {machine['plan']} plan, Linux {machine['kernel']},"
        f" {machine['cores']} cores, uid {machine['user']}, load {machine['load']};"
        f" {machine['rounds']} rounds of {machine['samples']} samples\n"
    )
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column("what", overflow="fold")
    for head in ("Berm", "beside", "", "target"):
        shown.add_column(head, justify="right", no_wrap=True)
    shown.add_column("")
    for figure in record.figures:
        verdict = {None: "", True: "[green]held[/green]", False: "[red]missed[/red]"}[figure.held]
        theirs = "" if figure.theirs is None else f"{number(figure.theirs)} {figure.unit}"
        shown.add_row(
            escape(figure.name),
            f"{number(figure.ours)} {figure.unit}",
            theirs,
            compared(figure),
            goal(figure),
            verdict,
        )
    console.print(shown)
    for curve in record.curves:
        lines = "; ".join(
            f"{label}: {', '.join(f'{x:g} → {number(y)}' for x, y in points)}"
            for label, points in curve.lines.items()
        )
        console.print(f"\n{escape(curve.title)} ({curve.x} → {curve.y}): {escape(lines)}")
    for name, why in record.skipped.items():
        console.print(f"[yellow]not measured[/yellow] {escape(name)}: {escape(why)}")
