"""The report as one HTML file that needs nothing else: a table, and plots drawn as SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final

from berm.bench.figure import Curve, Figure, Record

_WIDTH, _HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 150, 16, 44
_COLOURS: Final = ("#0b6e99", "#c4501b", "#3c7d22", "#6b3fa0", "#8a6d00", "#a8326e")
_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;color:#1c2330;max-width:960px;margin:2em auto;padding:0 1em}
h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3em .6em;border-bottom:1px solid #d9dee7}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.held{color:#1f6f2b}.missed{color:#a11}
.note{color:#5a6476;font-size:.9em}svg{max-width:100%;height:auto}
"""


def page(record: Record) -> str:
    """Return the whole page."""
    machine = record.machine
    about = (
        f"Berm {machine['version']}, {machine['plan']} plan, Linux {machine['kernel']}"
        f" ({machine['architecture']}), {machine['cores']} cores, uid {machine['user']},"
        f" load {machine['load']} at the start; {machine['rounds']} rounds of"
        f" {machine['samples']} samples."
    )
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>berm bench</title>",
        f"<style>{_STYLE}</style><h1>berm bench</h1><p>{html.escape(about)}</p>",
        f"<p class=note>Layers in force: {html.escape(', '.join(machine['layers']))}.</p>",
        "<h2>Figures</h2>",
        _table(record.figures),
    ]
    if layers := [figure for figure in record.figures if figure.measure == "layers"]:
        parts += ["<h2>What each layer costs</h2>", _bars(layers)]
    if record.curves:
        parts.append("<h2>How costs grow</h2>")
        parts += [plot(curve) for curve in record.curves]
    if record.skipped:
        rows = "".join(
            f"<li>{html.escape(name)}: {html.escape(why)}</li>"
            for name, why in record.skipped.items()
        )
        parts.append(f"<h2>Not measured</h2><ul>{rows}</ul>")
    return "".join(parts) + "</html>\n"


def number(value: float) -> str:
    """Return a figure with three digits that count."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 6)}f}"


def compared(figure: Figure) -> str:
    """Return the value as a ratio, a difference, or nothing where it is ours alone."""
    if figure.theirs is None or figure.compared == "none":
        return ""
    if figure.compared == "difference":
        sign = "+" if figure.value >= 0 else "-"
        return f"{sign}{number(abs(figure.value))} {figure.unit}"
    return f"{number(figure.value)} x"


def goal(figure: Figure) -> str:
    """Return the target in words."""
    if figure.target is None:
        return ""
    sign = "≥" if figure.at_least else "≤"
    unit = " x" if figure.compared == "ratio" else f" {figure.unit}"
    return f"{sign} {figure.target:g}{unit}"


def _table(figures: Sequence[Figure]) -> str:
    rows = []
    for figure in figures:
        verdict = {None: "", True: "held", False: "missed"}[figure.held]
        theirs = "" if figure.theirs is None else f"{number(figure.theirs)} {figure.unit}"
        note = f"<div class=note>{html.escape(figure.note)}</div>" if figure.note else ""
        cells = (number(figure.ours) + " " + figure.unit, theirs, compared(figure), goal(figure))
        numbers = "".join(f"<td class=n>{html.escape(cell)}</td>" for cell in cells)
        rows.append(
            f"<tr><td>{html.escape(figure.name)}{note}</td>{numbers}"
            f"<td class={verdict or 'none'}>{verdict}</td></tr>"
        )
    heads = "".join(f"<th class=n>{name}</th>" for name in ("Berm", "beside", "", "target"))
    return f"<table><tr><th>what</th>{heads}<th></th></tr>{''.join(rows)}</table>"


def _bars(figures: Sequence[Figure]) -> str:
    """Horizontal bars, one a layer; what is within the noise may be below 0."""
    widest = max(1.0, *(abs(figure.value) for figure in figures))
    height = 26 * len(figures) + 8
    rows = []
    for index, figure in enumerate(figures):
        width = max(1.0, abs(figure.value) / widest * 300)
        y = 26 * index + 6
        colour = _COLOURS[0] if figure.value >= 0 else "#9aa3b2"
        rows.append(
            f"<text x=300 y={y + 14} text-anchor=end font-size=13>{html.escape(figure.name)}</text>"
            f'<rect x=310 y={y} width={width:.0f} height=18 fill="{colour}"/>'
            f"<text x={316 + width:.0f} y={y + 14} font-size=13>{figure.value:+.0f} µs</text>"
        )
    return f'<svg viewBox="0 0 720 {height}" width=720>{"".join(rows)}</svg>'


def plot(curve: Curve) -> str:
    """Return one curve as SVG: logarithmic where an axis spans more than a factor of 20."""
    points = [point for line in curve.lines.values() for point in line]
    if not points:
        return ""
    across = _Axis([x for x, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _Axis([y for _, y in points], _HEIGHT - _BOTTOM, _TOP, from_zero=True)
    parts = [
        f"<h3>{html.escape(curve.title)}</h3>",
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width={_WIDTH} role=img font-size=12>',
    ]
    for tick in up.ticks():
        y = up.place(tick)
        parts.append(
            f'<line x1={_LEFT} x2={_WIDTH - _RIGHT} y1={y:.1f} y2={y:.1f} stroke="#e3e7ee"/>'
            f"<text x={_LEFT - 6} y={y + 4:.1f} text-anchor=end>{tick:g}</text>"
        )
    for tick in sorted({x for x, _ in points}):
        x = across.place(tick)
        parts.append(
            f"<text x={x:.1f} y={_HEIGHT - _BOTTOM + 18} text-anchor=middle>{tick:g}</text>"
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f"<text x={middle} y={_HEIGHT - 6} text-anchor=middle>{html.escape(curve.x)}</text>"
    )
    parts.append(f"<text x=4 y={_TOP - 4}>{html.escape(curve.y)}</text>")
    for index, (label, line) in enumerate(curve.lines.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        path = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill=none stroke="{colour}" stroke-width=2 />')
        parts += [
            f'<circle cx={across.place(x):.1f} cy={up.place(y):.1f} r=3 fill="{colour}">'
            f"<title>{x:g} {html.escape(curve.x)}: {number(y)} {html.escape(curve.y)}</title></circle>"
            for x, y in line
        ]
        y = _TOP + 14 + 18 * index
        parts.append(
            f'<text x={_WIDTH - _RIGHT + 12} y={y} fill="{colour}">{html.escape(label)}</text>'
        )
    return "".join(parts) + "</svg>"


class _Axis:
    """Values to pixels."""

    def __init__(
        self, values: Sequence[float], low: float, high: float, *, from_zero: bool = False
    ) -> None:
        positive = [value for value in values if value > 0]
        self._log = bool(positive) and min(values) > 0 and max(values) / min(positive) > 20
        start = min(values) if self._log or not from_zero else 0.0
        self._from, self._to = self._scale(start), self._scale(max(values))
        self._low, self._high = low, high
        self._top = max(values)

    def _scale(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def place(self, value: float) -> float:
        """Return the pixel of a value."""
        span = (self._to - self._from) or 1.0
        return self._low + (self._scale(value) - self._from) / span * (self._high - self._low)

    def ticks(self) -> Sequence[float]:
        """Return some round values within the axis."""
        if self._log:
            return [10.0**n for n in range(math.ceil(self._from), math.floor(self._to) + 1)]
        step = 10 ** math.floor(math.log10(self._top or 1.0))
        if self._top / step < 3:
            step /= 2
        return [step * n for n in range(int(self._top / step) + 1)]
