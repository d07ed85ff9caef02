"""What the front ends share that look at a tree without evaluating it: places, facts, simple constants."""

from __future__ import annotations

from collections.abc import Iterator

from berm.analysis.branch import Branch
from berm.analysis.fact import Fact, Kind, Sink, shorten
from berm.analysis.paths import place_of


class Survey:
    """A walk over one program's tree."""

    def __init__(self, source: bytes, sink: Sink) -> None:
        self.source = source
        self.sink = sink

    def text(self, node: Branch) -> str:
        """Return a node's source."""
        return self.source[node.start : node.end].decode("utf-8", "replace")

    def add(self, kind: Kind, name: str, node: Branch, note: str = "") -> None:
        """Note a fact."""
        if not self.sink.wants(kind, name):
            return
        start = node.start - node.column
        column = len(self.source[start : node.start].decode("utf-8", "replace")) + 1
        text = shorten(self.text(node))
        self.sink.add(Fact(kind, name, node.row + 1, column, text, note))

    def file(self, name: str, node: Branch) -> None:
        """Note where a file is that the program opens."""
        place = place_of(name)
        if place:
            self.add(Kind.PATTERN, f"file-{place}", node, f"the file is `{name[:80]}`")


def walk(root: Branch) -> Iterator[Branch]:
    """Yield all nodes, in the order of the text."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(node.kids))
