"""Which names the statements of a function or a loop bind."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Final


def own(body: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """Walk what belongs to a function itself: statements, expressions and what holds them."""
    todo = list(body)
    while todo:
        node = todo.pop()
        yield node
        kind = type(node)
        parts = _PARTS.get(kind)
        if parts is None:
            parts = _PARTS[kind] = _parts(kind)
        for field in parts:
            value = getattr(node, field, None)
            if type(value) is list:
                todo += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST):
                todo.append(value)


_PARTS: Final[dict[type[ast.AST], tuple[str, ...]]] = {}


def _parts(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a kind of node that may bind a name of the function that it stands in."""
    if issubclass(kind, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return ()
    if issubclass(kind, ast.Constant | ast.Name):
        return ()
    return tuple(field for field in kind._fields if field not in ("ctx", "op", "ops"))


_HOLDS: Final[dict[type[ast.AST], tuple[str, ...]]] = {
    ast.AnnAssign: ("target",),
    ast.Assign: ("targets",),
    ast.AsyncFor: ("target", "body", "orelse"),
    ast.AsyncWith: ("items", "body"),
    ast.AugAssign: ("target",),
    ast.Delete: ("targets",),
    ast.ExceptHandler: ("body",),
    ast.For: ("target", "body", "orelse"),
    ast.If: ("body", "orelse"),
    ast.List: ("elts",),
    ast.Match: ("cases",),
    ast.MatchAs: ("pattern",),
    ast.MatchClass: ("patterns", "kwd_patterns"),
    ast.MatchMapping: ("patterns",),
    ast.MatchOr: ("patterns",),
    ast.MatchSequence: ("patterns",),
    ast.Starred: ("value",),
    ast.Try: ("body", "handlers", "orelse", "finalbody"),
    ast.TryStar: ("body", "handlers", "orelse", "finalbody"),
    ast.Tuple: ("elts",),
    ast.While: ("body", "orelse"),
    ast.With: ("items", "body"),
    ast.match_case: ("pattern", "body"),
    ast.withitem: ("optional_vars",),
}
"""Where the names stand that statements bind, as long as no expression binds one."""


def targets(body: Iterable[ast.AST]) -> set[str]:
    """Return the names that statements bind in a program without ``:=``: many times quicker."""
    found: set[str] = set()
    todo = list(body)
    while todo:
        node = todo.pop()
        if type(node) is ast.Name:
            found.add(node.id)
            continue
        found.update(_named(node))
        for field in _HOLDS.get(type(node), ()):
            value = getattr(node, field)
            if type(value) is list:
                todo += value
            elif value is not None:
                todo.append(value)
    return found


def assigned(body: Iterable[ast.AST]) -> set[str]:
    """Return the names that statements and their expressions bind."""
    found: set[str] = set()
    for node in own(body):
        if type(node) is ast.Name and type(node.ctx) is not ast.Load:
            found.add(node.id)
        else:
            found.update(_named(node))
    return found


def _named(node: ast.AST) -> Iterable[str]:
    """Return the names that a node binds which are no nodes themselves."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        case ast.FunctionDef(name=str(name)) | ast.AsyncFunctionDef(name=str(name)):
            return (name,)
        case ast.ClassDef(name=str(name)) | ast.ExceptHandler(name=str(name)):
            return (name,)
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return (name,)
        case ast.MatchMapping(rest=str(name)):
            return (name,)
    return ()
