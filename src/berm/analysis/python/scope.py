"""Scopes: which name stands for what, and what else it stood for before."""

from __future__ import annotations

from typing import Final

from berm.analysis.python.values import MAX_OPTIONS, UNKNOWN, Value, either, same

_MISSING: Final = object()


class Scope:
    """The names of a module, class, function or comprehension.

    A function reads the names around it at a time that is not known, so the scope remembers the
    other values that its names had: those are what a function may see.
    """

    __slots__ = ("declared_global", "kind", "module", "names", "others", "outer", "stars")

    def __init__(self, kind: str, outer: Scope | None = None) -> None:
        self.kind = kind
        self.outer = outer
        self.names: dict[str, Value] = {}
        self.others: dict[str, list[Value]] = {}
        self.declared_global: set[str] = set()
        self.module: Scope = outer.module if outer is not None else self
        self.stars: list[str] = []

    def find(self, name: str) -> Value:
        """Return a name's value, or what :meth:`has` tells from any value where no scope has it."""
        if name in self.declared_global:
            return self.module.seen_from_inside(name)
        value = self.names.get(name, _MISSING)
        if value is not _MISSING:
            return value
        scope = self.outer
        while scope is not None:
            if scope.kind != "class":
                if name in scope.names:
                    # A comprehension runs where it stands; a function, at some other time.
                    if self.kind == "comprehension":
                        return scope.find(name)
                    return scope.seen_from_inside(name)
                if self.kind == "comprehension" and scope.kind != "module":
                    return scope.find(name)
            scope = scope.outer
        return _MISSING

    def has(self, value: Value) -> bool:
        """Tell whether :meth:`find` found anything."""
        return value is not _MISSING

    def seen_from_inside(self, name: str) -> Value:
        """Return what a function that is defined here may see under a name."""
        if name not in self.names:
            return _MISSING
        others = self.others.get(name)
        if not others:
            return self.names[name]
        return either([self.names[name], *others])

    def bind(self, name: str, value: Value) -> None:
        """Give a name a value."""
        if name in self.declared_global:
            self.module.bind(name, value)
            return
        before = self.names.get(name, _MISSING)
        if before is not _MISSING and before is not value and self.kind != "comprehension":
            others = self.others.setdefault(name, [])
            if len(others) > MAX_OPTIONS:
                others[:] = [UNKNOWN]
            elif not any(same(before, other) for other in others):
                others.append(before)
        self.names[name] = value
