"""Tables made from the code and the data that Berm ships, so that the reference cannot drift from them."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Row = Sequence[str]
Table = tuple[Row, Iterable[Row]]


def limits_table() -> Table:
    """Return every limit with its unit, its default and the range that is accepted."""
    model = importlib.import_module("berm.model")
    ranges = model._RANGES  # noqa: SLF001 - the one place that has them
    rows = []
    for field in dataclasses.fields(model.Limits):
        bounds = ranges[field.name]
        rows.append(
            [
                field.name,
                bounds.unit,
                amount(field.default),
                f"{amount(bounds.low)} to {amount(bounds.high)}",
            ]
        )
    return ["limit", "unit", "default", "accepted"], rows


def guarantees_table() -> Table:
    """Return the guarantees by the names that results use."""
    model = importlib.import_module("berm.model")
    return ["guarantee"], [[member.value] for member in model.Guarantee]


def outcomes_table() -> Table:
    """Return the ways in which a run can end."""
    model = importlib.import_module("berm.model")
    return ["kind"], [[member.value] for member in model.OutcomeKind]


def amount(value: float) -> str:
    """Write a number, large powers of two as KiB, MiB or GiB."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if isinstance(value, int) and value >= 16 * 1024 and value % size == 0:
            return f"{value // size} {unit}"
    return f"{value:g}"


SHARED = re.compile(r"^(\s+)(\w+(?:, \w+)+): (.*)$")


def share_descriptions(
    _app: Sphinx, _what: str, _name: str, _obj: object, *rest: list[str]
) -> None:
    """Write ``a, b: text`` in an Attributes section as two entries, which napoleon understands."""
    lines = rest[-1]
    lines[:] = [
        f"{match[1]}{name}: {match[3]}" if match else line
        for line in lines
        for match in [SHARED.match(line)]
        for name in (match[2].split(", ") if match else [""])
    ]


class TableDirective(SphinxDirective):
    """``{berm-table} NAME``: one of the tables above."""

    required_arguments = 1
    tables: ClassVar[dict[str, Callable[[], Table]]] = {
        "limits": limits_table,
        "guarantees": guarantees_table,
        "outcomes": outcomes_table,
    }

    def run(self) -> list[nodes.Node]:
        """Build the table as document nodes; the first column is set as code."""
        head, rows = self.tables[self.arguments[0]]()
        group = nodes.tgroup(cols=len(head))
        group += [nodes.colspec(colwidth=1) for _ in head]
        group += nodes.thead("", self.row(head, code=False))
        group += nodes.tbody("", *(self.row(row, code=True) for row in rows))
        return [nodes.table("", group)]

    @staticmethod
    def row(cells: Row, *, code: bool) -> nodes.row:
        """Build one row."""
        made = nodes.row()
        for column, text in enumerate(cells):
            inline = nodes.literal if code and column == 0 else nodes.Text
            content = inline(text, text) if inline is nodes.literal else inline(text)
            made += nodes.entry("", nodes.paragraph("", "", content))
        return made


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the hook."""
    app.add_directive("berm-table", TableDirective)
    app.connect("autodoc-process-docstring", share_descriptions, priority=400)  # napoleon: 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
