"""From text to statements: with Python's own parser, and piece by piece where that refuses.

What is broken for this Python may run under another (a print statement, newer syntax), and a jail's
payload is often only a part of a program. So every piece that parses by itself is looked at.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from berm.analysis.grammar import Tree, parse

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_PIECES: Final = 4000
_COOKIE: Final = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PLAIN_CODINGS: Final = frozenset(
    ("utf-8", "utf8", "utf-8-sig", "latin-1", "latin1", "iso-8859-1", "ascii", "us-ascii", "cp1252")
)


def _named(source: bytes) -> str:
    """Return the encoding that the first two lines name, as Python spells it."""
    for line in source.split(b"\n", 2)[:2]:
        found = _COOKIE.match(line)
        if found is not None:
            name = found[1].decode("ascii", "replace").lower().replace("_", "-")
            for known in ("utf-8", "latin-1", "iso-8859-1"):
                if name.startswith(f"{known}-"):
                    return known  # whatever an editor adds: latin-1-unix
            return name
        if line.strip() and not line.lstrip().startswith(b"#"):
            break
    return ""


def coding(source: bytes) -> str:
    """Return the encoding that the first two lines name, where it is an unusual one."""
    name = _named(source)
    return "" if name in _PLAIN_CODINGS or name.startswith("iso-8859-") else name


def decoded(source: bytes) -> str:
    """Return a program's text as Python itself would read it."""
    name = _named(source)
    if name:
        try:
            return source.decode(name)
        except (LookupError, UnicodeError, ValueError, TypeError, AssertionError):
            pass
    return source.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def read(source: bytes) -> tuple[str, list[ast.stmt], bool]:
    """Return a program's text, its statements, and whether all of it parsed.

    Raises:
        RecursionError, MemoryError: it is nested too deeply.
    """
    text = decoded(source).replace("\r\n", "\n").replace("\r", "\n")
    body = _parsed(text)
    if body is not None:
        return text, body, True
    return text, list(_pieces(text)), False


def read_text(text: str) -> list[ast.stmt]:
    """Return the statements of a text that a program runs; none where it is not Python."""
    if len(text) > 256 * 1024:
        return []
    try:
        body = _parsed(text.strip(" \t\n\f"))
    except (RecursionError, MemoryError):
        return []
    return body if body is not None else list(_pieces(text))


def _parsed(text: str) -> list[ast.stmt] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text).body
    except (SyntaxError, ValueError):
        return None


def _pieces(text: str) -> Iterator[ast.stmt]:
    """Return the statements and expressions that parse by themselves, with their places."""
    tree = parse("python", text.encode("utf-8", "replace"))
    if tree is None:
        return
    count = 0
    todo = [tree.root]
    while todo and count < MAX_PIECES:
        node = todo.pop()
        count += 1
        piece = _piece(tree, node)
        if piece is not None:
            yield from piece
            continue
        todo.extend(reversed(node.named_children))


def _piece(tree: Tree, node: Node) -> list[ast.stmt] | None:
    kind = node.type
    if kind in ("module", "ERROR"):
        return None
    source = tree.text(node)
    if kind == "print_statement":
        inner = source.partition("print")[2].strip()
        source = f"print({inner.replace('>>', '  ', 1).rstrip(',')})"
    elif kind == "exec_statement":
        source = f"exec({tree.text(node.named_children[0]) if node.named_children else ''})"
    if len(source) > 64 * 1024 or (
        "\n" in source and kind.endswith("_definition") and node.has_error
    ):
        return None
    line, column = node.start_point
    lines = source.split("\n")
    if len(lines) > 1:
        # Inner lines keep their indentation, the first one lost it.
        source = "if 1:\n" + " " * column + source if column else source
        line -= 1 if column else 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if len(lines) > 1 and column and body and isinstance(body[0], ast.If):
        body = body[0].body
        shift = 0
    else:
        shift = column
    for statement in body:
        for each in ast.walk(statement):
            if hasattr(each, "lineno"):
                if each.lineno == 1:
                    each.col_offset += shift  # type: ignore[attr-defined]
                    each.end_col_offset = (each.end_col_offset or 0) + shift  # type: ignore[attr-defined]
                each.lineno += line
                each.end_lineno = (each.end_lineno or 1) + line  # type: ignore[attr-defined]
    return body
