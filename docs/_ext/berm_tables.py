"""The directive ``{berm-table} NAME``: tables made from the code and the data that Berm ships.

What is in them stands in :mod:`berm_rows`; this turns it into document nodes. So the reference cannot
drift from the code.
"""

from __future__ import annotations

import re

import berm_rows
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_SHARED = re.compile(r"^(\s+)(\w+(?:, \w+)+): (.*)$")
_CODE = re.compile(r"(`[^`]+`)")


def share_descriptions(
    _app: Sphinx, _what: str, _name: str, _obj: object, *rest: list[str]
) -> None:
    """Write ``a, b: text`` in an Attributes section as two entries, which napoleon understands."""
    lines = rest[-1]
    lines[:] = [
        f"{match[1]}{name}: {match[3]}" if match else line
        for line in lines
        for match in [_SHARED.match(line)]
        for name in (match[2].split(", ") if match else [""])
    ]


def inline(text: str) -> list[nodes.Node]:
    """Return text nodes; what stands between backticks becomes a literal."""
    parts = (part for part in _CODE.split(text) if part)
    return [
        nodes.literal(part[1:-1], part[1:-1]) if _CODE.fullmatch(part) else nodes.Text(part)
        for part in parts
    ]


def table(head: berm_rows.Row, rows: list[berm_rows.Row]) -> nodes.table:
    """Build one table."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    made = [
        nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *inline(c))) for c in cells))
        for cells in (head, *rows)
    ]
    group += nodes.thead("", made[0])
    group += nodes.tbody("", *made[1:])
    return nodes.table("", group)


class TableDirective(SphinxDirective):
    """``{berm-table} NAME``: one or more titled tables from :data:`berm_rows.SOURCES`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Build the sections."""
        name = self.arguments[0]
        made: list[nodes.Node] = []
        for part in berm_rows.SOURCES[name]():
            content = [nodes.paragraph("", "", *inline(text)) for text in part.text]
            content += [table(part.head, part.rows)] if part.rows else []
            if part.title:
                ids = [nodes.make_id(f"{name}-{part.title}")]
                made.append(
                    nodes.section(
                        "", nodes.title("", "", *inline(part.title)), *content, ids=ids, names=ids
                    )
                )
            else:
                made += content
        return made


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the hook."""
    app.add_directive("berm-table", TableDirective)
    app.connect("autodoc-process-docstring", share_descriptions, priority=400)  # napoleon: 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
