"""What an evaluation of JavaScript has seen, where, and how much more it may cost."""

from __future__ import annotations

import time
from typing import Final

from berm.analysis.branch import Branch
from berm.analysis.fact import Fact, Kind, Sink, shorten
from berm.analysis.javascript.values import UNKNOWN, Ref, Value, options

MAX_STEPS: Final = 100_000
SOFT_SECONDS: Final = 0.085
"""CPU time after which nothing is followed any more; the analyser's child ends at 0.1 s.

What is left of the program then takes about as long as all of it took that followed nothing, so a deep look
ends earlier by that.
"""


class Scope:
    """The names of a function or block, and the scope around it.

    ``level`` is how uncertain it was whether its code runs when it began: what happens in it is
    certain as seen from inside while it is no more uncertain than that.
    """

    __slots__ = ("level", "names", "outer", "this", "within")

    def __init__(self, outer: Scope | None, this: Value = UNKNOWN) -> None:
        self.names: dict[str, Value] = {}
        self.outer = outer
        self.this = this
        self.within: Value = outer.within if outer is not None else None
        """What ``with`` makes the names of."""
        self.level: int = outer.level if outer is not None else 0

    def home(self, name: str) -> Scope | None:
        """Return the scope that has a name."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.outer
        return scope


class Witness:
    """The part of the evaluator that notes facts; see the Python one for the terms."""

    def __init__(self, source: bytes, sink: Sink, *, deep: bool = False) -> None:
        self.source = source
        self.sink = sink
        self.deep = deep
        self.lost = False
        self.uncertain = 0
        self.steps = 0
        self.nested = 0
        self.pinned: tuple[int, int, str] | None = None
        self.scope = Scope(None, Ref("this"))
        self.pending: dict[tuple[str, int, int], Fact] = {}
        self.resolved: set[tuple[str, int, int]] = set()
        self._asked = 0
        self._began = time.thread_time()
        self._deadline = sink.began + SOFT_SECONDS

    def after(self, first: Witness) -> None:
        """Leave time for the end, by a look that followed nothing and has just ended."""
        self._deadline -= time.thread_time() - first._began

    def certain(self, scope: Scope | None = None) -> bool:
        """Tell whether what happens now happens to the names of a scope for certain."""
        return self.deep and self.uncertain <= (scope or self.scope).level

    @property
    def tired(self) -> bool:
        """True when following any further would cost too much."""
        if self.steps > MAX_STEPS:
            return True
        self._asked += 1
        if self._asked & 0x7 == 0 and time.thread_time() > self._deadline:
            self.steps = MAX_STEPS + 1
        return self.steps > MAX_STEPS

    def text(self, node: Branch) -> str:
        """Return a node's source."""
        said = node.text
        if said is None:
            said = node.text = self.source[node.start : node.end].decode("utf-8", "replace")
        return said

    def place(self, node: Branch) -> tuple[int, int, str]:
        """Return line, column and text of a node."""
        if self.pinned is not None:
            return self.pinned
        start = node.start - node.column
        column = len(self.source[start : node.start].decode("utf-8", "replace")) + 1
        return node.row + 1, column, shorten(self.text(node))

    def add(self, kind: Kind, name: str, node: Branch, note: str = "") -> None:
        """Note a fact."""
        if not self.sink.wants(kind, name):
            return
        line, column, text = self.place(node)
        if self.nested and not note:
            note = f"`{name}` inside of a text that is run as code"
        self.sink.add(Fact(kind, name, line, column, text, note))

    def unresolved(self, name: str, node: Branch, note: str = "") -> None:
        """Note a pattern unless a later, deeper look at the same place finds out more."""
        self.lost = True
        line, column, text = self.place(node)
        key = self._key(name, node)
        self.resolved.discard(key)
        self.pending[key] = Fact(Kind.PATTERN, name, line, column, text, note)

    def settled(self, name: str, node: Branch) -> None:
        """Take back :meth:`unresolved`."""
        key = self._key(name, node)
        if key not in self.pending:
            self.resolved.add(key)

    def _key(self, name: str, node: Branch) -> tuple[str, int, int]:
        """Return what tells a place from all others, in this look and in a later one."""
        if self.pinned is not None:
            return (name, -self.pinned[0], self.pinned[1])
        return (name, node.row, node.column)

    def reached(self, node: Branch, value: Value, *, called: bool) -> None:
        """Note what a value leads to."""
        for option in options(value):
            if isinstance(option, Ref):
                if not called and option.path in ("require", "Function", "eval"):
                    self.lost = True
                kind = Kind.CALL if called else Kind.USE
                if self.sink.wants(kind, option.path):
                    _, _, text = self.place(node)
                    plain = text == option.path or text.endswith("...")
                    note = "" if plain else f"`{text}` is `{option.path}`"
                    self.add(kind, option.path, node, note if not self.nested else "")
