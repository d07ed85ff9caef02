"""What was measured: figures with their targets, curves, and the machine they were measured on. Pure."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Comparison = Literal["ratio", "difference", "none"]


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """One figure: ours, what it is compared with, and the target.

    Attributes:
        measure: the part of the benchmark that it belongs to.
        name: what was measured.
        ours, theirs: medians, in ``unit``; ``theirs`` is None where there is nothing to compare with.
        target: what ``value`` may be at most (or must be at least), or None.
        at_least: True if more is better.
        compared: how ``value`` is made of the two.
        note: what a reader must know beside it.
    """

    measure: str
    name: str
    ours: float
    theirs: float | None
    unit: str
    target: float | None = None
    at_least: bool = False
    compared: Comparison = "ratio"
    note: str = ""

    @property
    def value(self) -> float:
        """The ratio, the difference, or ours alone."""
        if self.theirs is None or self.compared == "none":
            return self.ours
        if self.compared == "difference":
            return self.ours - self.theirs
        return self.ours / self.theirs if self.theirs else math.inf

    @property
    def held(self) -> bool | None:
        """True if the target is met, None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready data."""
        return dataclasses.asdict(self) | {"value": self.value, "held": self.held}


@dataclasses.dataclass(frozen=True, slots=True)
class Curve:
    """How something grows: lines over one axis.

    Attributes:
        measure: the part of the benchmark that it belongs to.
        title, x, y: what it shows, and the axes with their units.
        lines: label → points in order of x.
    """

    measure: str
    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float, float]]]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready data."""
        lines = {label: [list(point) for point in points] for label, points in self.lines.items()}
        return dataclasses.asdict(self) | {"lines": lines}


@dataclasses.dataclass(slots=True)
class Record:
    """Everything that one run of the benchmark found.

    Attributes:
        machine: what it ran on.
        skipped: measure → why it was not taken.
    """

    machine: Mapping[str, Any]
    figures: list[Figure] = dataclasses.field(default_factory=list)
    curves: list[Curve] = dataclasses.field(default_factory=list)
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def missed(self) -> Sequence[Figure]:
        """The figures whose target was not met."""
        return [figure for figure in self.figures if figure.held is False]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready data."""
        return {
            "machine": dict(self.machine),
            "figures": [figure.as_dict() for figure in self.figures],
            "curves": [curve.as_dict() for curve in self.curves],
            "skipped": dict(self.skipped),
        }


def quantile(samples: Sequence[float], part: float) -> float:
    """Return the sample below which ``part`` of them lie; of at least one."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def median(samples: Sequence[float]) -> float:
    """Return the median of at least one sample."""
    return statistics.median(samples)
