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


def prepare_docstring(_app: Sphinx, what: str, *rest: list[str]) -> None:
    """Say in napoleon's words what our docstrings say in fewer.

    ``a, b: text`` in an Attributes section becomes two entries; a colon in the first line of a
    property's docstring becomes a dash, because napoleon takes what stands before it for a type.
    """
    lines = rest[-1]
    lines[:] = [
        f"{match[1]}{name}: {match[3]}" if match else line
        for line in lines
        for match in [_SHARED.match(line)]
        for name in (match[2].split(", ") if match else [""])
    ]
    if what == "property" and lines:
        lines[0] = lines[0].replace(": ", " \N{EN DASH} ", 1)


def hide_factories(*event: object) -> tuple[str, object] | None:
    """Write a dataclass's ``<factory>`` defaults so that the signature can be parsed."""
    signature, returns = event[-2:]
    if isinstance(signature, str) and "<factory>" in signature:
        return signature.replace("<factory>", "{}"), returns
    return None


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
    """Register the directive and the hooks."""
    app.add_directive("berm-table", TableDirective)
    app.connect("autodoc-process-docstring", prepare_docstring, priority=400)  # napoleon: 500
    app.connect("autodoc-process-signature", hide_factories)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
