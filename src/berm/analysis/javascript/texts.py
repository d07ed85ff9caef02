"""Text that a program of JavaScript runs as code: ``eval``, ``Function``, timers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from berm.analysis import grammar
from berm.analysis.branch import Branch, grow
from berm.analysis.javascript.expressions import Expressions
from berm.analysis.javascript.values import UNKNOWN, Function, Ref, Value, options, to_text

MAX_NESTED: Final = 5


class Texts(Expressions):
    """The part of the evaluator that reads a text as code once it is known."""

    def block(self, nodes: Sequence[Branch]) -> Any:
        """Run statements in order; return how they ended early, None where they did not."""
        raise NotImplementedError

    def statement(self, node: Branch) -> Any:
        """Run one statement."""
        raise NotImplementedError

    def _hoist(self, nodes: Sequence[Branch]) -> None:
        raise NotImplementedError

    def _run_text(self, text: Value, node: Branch) -> Value:
        """Evaluate a text that is run as code, and return what its last expression comes to."""
        value: Value = UNKNOWN
        for one in options(text):
            root = self._read(one) if isinstance(one, str) else None
            if root is None:
                self.lost = self.lost or one is UNKNOWN
                continue
            with self._inside(one, node):
                self._hoist(root.kids)
                for kid in root.kids:
                    if kid.type == "expression_statement":
                        value = self._last(kid.kids)
                    else:
                        self.statement(kid)
        return value

    def _read(self, text: str) -> Branch | None:
        if self.nested >= MAX_NESTED or len(text) > 256 * 1024:
            return None
        tree = grammar.parse("javascript", text.encode("utf-8", "replace"))
        return None if tree is None else grow(tree)

    @contextlib.contextmanager
    def _inside(self, text: str, node: Branch) -> Iterator[None]:
        """Be inside of a text that is run at ``node``."""
        place = self.pinned or self.place(node)
        before = (self.source, self.pinned)
        self.source, self.pinned = text.encode("utf-8", "replace"), place
        self.nested += 1
        try:
            yield
        finally:
            self.source, self.pinned = before
            self.nested -= 1

    def _make_function(self, args: list[Value], node: Branch) -> Value:
        """Return what ``Function(parameters, body)`` gives."""
        texts = [to_text(arg) for arg in args]
        if not texts or texts[-1] is None:
            self.lost = True
            return UNKNOWN
        text = f"(function({','.join(part or '' for part in texts[:-1])}){{{texts[-1]}\n}})"
        root = self._read(text)
        if root is None:
            return UNKNOWN
        with self._inside(text, node):
            made = self._last(root.kids[0].kids) if root.kids else UNKNOWN
        if isinstance(made, Function):
            made.made, made.this = True, Ref("globalThis")
        return made
