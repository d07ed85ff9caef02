"""What ``berm judge`` and ``berm verify`` show: a progress bar on stderr, tables on stdout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from berm.judge import Judgement, Stage, TestResult
from berm.judge import Progress as Step
from berm.judge.packages import Labelled

_COLOURS: Final = {"AC": "green", "WA": "red", "PE": "red", "IE": "bold magenta", "CE": "yellow"}


class Bar(Progress):
    """A progress bar for one submission at a time; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[tally]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def of(self, name: str) -> Callable[[Step], None]:
        """Return what a judge calls with every step of one submission."""
        task = self.add_task(escape(name), total=None, tally="queued")
        tally: dict[str, int] = {}

        def show(step: Step) -> None:
            if step.test is not None and step.test.verdict is not None:
                tally[step.test.verdict.value] = tally.get(step.test.verdict.value, 0) + 1
            said = " ".join(f"{count} {verdict}" for verdict, count in sorted(tally.items()))
            self.update(task, completed=step.done, total=step.total, tally=said or step.stage.value)
            if step.stage is Stage.DONE:
                self.remove_task(task)

        return show

    def labelled(self, what: str) -> Callable[[Labelled, Step], None]:
        """Return what a verification calls with every step of every submission."""
        shown: dict[str, Callable[[Step], None]] = {}

        def show(labelled: Labelled, step: Step) -> None:
            if labelled.name not in shown:
                shown[labelled.name] = self.of(
                    f"{what}: {labelled.name}" if what else labelled.name
                )
            shown[labelled.name](step)
            if step.stage is Stage.DONE:
                del shown[labelled.name]

        return show


def coloured(verdict: str | None) -> str:
    """Return a verdict in its colour, ``-`` for none."""
    if verdict is None:
        return "[dim]-[/]"
    colour = _COLOURS.get(verdict, "yellow")
    return f"[{colour}]{verdict}[/]"


def tests_table(title: str, judgement: Judgement) -> Table:
    """Return one line a test, and the verdict of the whole below."""
    points = (
        f", {judgement.score:g} of {judgement.points:g} points" if judgement.points != 1 else ""
    )
    reruns = f", {judgement.reruns} runs repeated alone" if judgement.reruns else ""
    table = Table(
        title=f"{title}: {coloured(judgement.verdict.value)} ({judgement.language}{points}{reruns})",
        title_justify="left",
        caption=escape(judgement.evidence.reason) or None,
        caption_justify="left",
    )
    table.add_column("test")
    table.add_column("verdict")
    for name in ("CPU s", "real s", "MiB"):
        table.add_column(name, justify="right")
    table.add_column("evidence", overflow="fold")
    for test in judgement.tests:
        used = test.usage
        figures = (
            ("", "", "")
            if test.run is None
            else (f"{used.cpu_time:.3f}", f"{used.wall_time:.3f}", f"{used.memory / 1024**2:.1f}")
        )
        verdict = coloured(test.verdict.value if test.verdict else None)
        table.add_row(escape(test.name), verdict, *figures, escape(_evidence(test)))
    return table


def groups_table(judgement: Judgement) -> Table:
    """Return one line a group with its points."""
    table = Table("group", "verdict")
    table.add_column("points", justify="right")
    for group in judgement.groups:
        verdict = coloured(group.verdict.value if group.verdict else None)
        table.add_row(
            escape(group.name or "(none)"), verdict, f"{group.score:g} / {group.points:g}"
        )
    return table


def _evidence(test: TestResult) -> str:
    evidence = test.evidence
    if evidence.difference is not None:
        found = evidence.difference
        place = f"line {found.line}, column {found.column}: "
        return f"{place}{found.text or f'{found.actual!r} instead of {found.expected!r}'}"
    parts = (evidence.reason, evidence.judge_message, evidence.team_message)
    return " ".join(part for part in parts if part)[:400]
