"""tree-sitter's grammars, each loaded when it is first needed; none of them where they are not installed."""

# ruff: noqa: PLC0415 - `import berm.analysis` must do without tree-sitter
from __future__ import annotations

import dataclasses
import functools
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query

GRAMMARS: Final[Mapping[str, tuple[str, str]]] = {
    "bash": ("tree_sitter_bash", "language"),
    "c": ("tree_sitter_c", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "python": ("tree_sitter_python", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """A parsed text.

    Attributes:
        language: the grammar's name.
        source: the bytes that were parsed.
        root: the whole; nodes give their places in bytes.
    """

    language: str
    source: bytes
    root: Node

    def text(self, node: Node) -> str:
        """Return the source of a node."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def place(self, node: Node) -> tuple[int, int]:
        """Return line and column of a node, both from 1; the column counts characters."""
        row, column = node.start_point
        start = node.start_byte - column
        return row + 1, len(self.source[start : node.start_byte].decode("utf-8", "replace")) + 1


@functools.cache
def grammar(name: str) -> Language | None:
    """Return a grammar, None where it is not installed."""
    try:
        from tree_sitter import Language as Grammar

        module, function = GRAMMARS[name]
        return Grammar(getattr(importlib.import_module(module), function)())
    except ImportError:
        return None


@functools.cache
def query(name: str, text: str) -> Query:
    """Return a compiled query. Raises what tree-sitter raises where the text is none."""
    from tree_sitter import Query as Compiled

    found = grammar(name)
    if found is None:
        raise LookupError(name)
    return Compiled(found, text)


def parse(name: str, source: bytes) -> Tree | None:
    """Parse a text; None where the grammar is not installed."""
    found = grammar(name)
    if found is None:
        return None
    from tree_sitter import Parser

    return Tree(name, source, Parser(found).parse(source).root_node)


def captures(found: Query, node: Node) -> dict[str, list[Node]]:
    """Run a query over a node; capture name to nodes."""
    from tree_sitter import QueryCursor

    return QueryCursor(found).captures(node)
