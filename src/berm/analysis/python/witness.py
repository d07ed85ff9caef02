"""What an evaluation has seen, where, and how much more it may cost."""

from __future__ import annotations

import ast
import time
from typing import Final

from berm.analysis.fact import Fact, Kind, Sink, shorten
from berm.analysis.python import naming
from berm.analysis.python.scope import Scope
from berm.analysis.python.values import (
    Ref,
    Value,
    options,
)

MAX_STEPS: Final = 20_000
SOFT_SECONDS: Final = 0.04


class Witness:
    """The part of the evaluator that notes facts.

    Attributes:
        deep: follow calls of the program's own functions, and loops over what is known.
        lost: something was looked up, called or run that could not be followed: a deep pass may tell.
        adrift: a function of the program's own runs, or may run, out of sight of a deep pass: what names and
            containers hold from then on may be something else.
        loose: modules that can do anything and were stored or passed on: what is not known may be one of them.
        uncertain: above 0 where the code may or may not run, or run often.
        endless: above 0 inside of a loop that never ends by itself.
        examples: the examples in the program's documentation, which doctest runs.
        nested: how many texts run as code the present place is inside of.
    """

    def __init__(self, source: str, sink: Sink, *, deep: bool = False) -> None:
        self.sink = sink
        self.deep = deep
        self.lost = False
        self.adrift = False
        self.loose: set[str] = set()
        self.steps = 0
        self.depth = 0
        self.uncertain = 0
        self.scope = Scope("module")
        self.pending: dict[tuple[str, int, int], Fact] = {}
        self.resolved: set[tuple[str, int, int]] = set()
        self.nested = 0
        self.lines = source.split("\n")
        self.walrus = ":=" in source
        """Expressions may bind names too."""
        self.examples = "\n".join(
            line.strip()[4:]
            for line in (self.lines if ">>> " in source else ())
            if line.lstrip().startswith((">>> ", "... "))
        )
        self.pinned: tuple[int, int, str] | None = None
        self._deadline = time.thread_time() + SOFT_SECONDS
        self.endless = 0
        self._asked = 0

    @property
    def tired(self) -> bool:
        """True when following any further would cost too much."""
        if self.steps > MAX_STEPS:
            return True
        self._asked += 1
        if self._asked & 0x3F == 0 and time.thread_time() > self._deadline:
            self.steps = MAX_STEPS + 1
            return True
        return False

    def add(self, kind: Kind, name: str, node: ast.AST, note: str = "") -> None:
        """Note a fact at a node, or where the text that holds the node is run."""
        if not self.sink.wants(kind, name):
            return
        line, column, text = self.place(node)
        if self.nested and not note:
            note = f"`{name}` inside of a text that is run as code"
        self.sink.add(Fact(kind, name, line, column, text, note))

    def pattern(self, name: str, node: ast.AST, note: str = "") -> None:
        """Note a pattern."""
        self.add(Kind.PATTERN, name, node, note)

    def unresolved(self, name: str, node: ast.AST, note: str = "") -> None:
        """Note a pattern unless a later, deeper look at the same place finds out more."""
        self.lost = True
        line, column, text = self.place(node)
        key = (name, line, column)
        self.resolved.discard(key)
        self.pending[key] = Fact(Kind.PATTERN, name, line, column, text, note)

    def settled(self, name: str, node: ast.AST) -> None:
        """Take back :meth:`unresolved`, unless what is known may have changed out of sight."""
        if self.adrift and not _written(node):
            self.unresolved(name, node)
            return
        line, column, _ = self.place(node)
        key = (name, line, column)
        if key not in self.pending:
            self.resolved.add(key)

    def place(self, node: ast.AST) -> tuple[int, int, str]:
        """Return line, column and text of a node."""
        if self.pinned is not None:
            return self.pinned
        line = getattr(node, "lineno", 1)
        offset = getattr(node, "col_offset", 0)
        if not 0 < line <= len(self.lines):
            return line, offset + 1, ""
        whole = self.lines[line - 1]
        raw = whole.encode("utf-8", "surrogatepass")
        column = len(raw[:offset].decode("utf-8", "replace")) + 1
        end = getattr(node, "end_col_offset", None)
        if getattr(node, "end_lineno", line) != line or end is None:
            return line, column, shorten(whole[column - 1 :])
        return line, column, shorten(raw[offset:end].decode("utf-8", "replace"))

    def reached(self, node: ast.AST, value: Value, *, called: bool, base: bool) -> None:
        """Note what a value leads to, where it is a thing of Python's own."""
        for option in options(value):
            if type(option) is not Ref:
                continue
            path = option.path
            if not base and ((path in naming.SINKS and not called) or path in naming.POWERFUL):
                self.lost = True
                if path in naming.POWERFUL:
                    self.loose.add(path)
            kind = Kind.CALL if called else Kind.USE
            if self.sink.wants(kind, path):
                self.add(kind, path, node, self._explain(node, path))

    def _explain(self, node: ast.AST, path: str) -> str:
        _, _, text = self.place(node)
        plain = path.removeprefix("builtins.")
        if self.nested:
            return f"`{plain}` inside of a text that is run as code"
        if not text or plain in (text, "io.open"):
            return ""
        return f"`{text}` is `{plain}`"

    def evaluate(self, node: ast.AST, *, called: bool = False, base: bool = False) -> Value:
        """Return what an expression comes to, and note what it reaches.

        ``called``: the value is about to be called; ``base``: only a name of it is looked up.
        """
        raise NotImplementedError

    def call(
        self, target: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Value:
        """Return what calling a value gives."""
        raise NotImplementedError


def _written(node: ast.AST) -> bool:
    """Tell whether the name that is looked up stands in the program as it is."""
    parts: list[ast.expr] = []
    if isinstance(node, ast.Call):
        parts = node.args
    elif isinstance(node, ast.Subscript):
        parts = [node.slice]
    return any(isinstance(part, ast.Constant) and type(part.value) is str for part in parts)
