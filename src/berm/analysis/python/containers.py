"""Containers: how calls build them, what their methods give, and how they are changed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from berm.analysis.python.reflection import Reflection
from berm.analysis.python.values import (
    MAX_ITEMS,
    REST,
    UNKNOWN,
    Either,
    Namespace,
    Value,
    bounded,
    either,
    is_plain,
    is_spoilt,
    spoil,
)

CONTAINERS: Final = frozenset(
    f"builtins.{name}" for name in ("enumerate", "iter", "list", "reversed", "set", "tuple", "zip")
)
"""Functions that make a container of what they are given, whatever that is."""
_ADDING: Final = frozenset(("add", "append", "extend", "update"))
"""Methods that change a container whatever they are given: no place in it has to be known."""


class Containers(Reflection):
    """The part of the evaluator that knows lists, dictionaries and their like."""

    def container(
        self,
        path: str,
        function: Callable[..., Any],
        args: list[Value],
        kwargs: dict[str, Value],
    ) -> Value:
        """Build a container of values that may be stand-ins."""
        count = 1 if path == "builtins.enumerate" else len(args)
        lists = [self.items(arg) for arg in args[:count]]
        if any(items is None for items in lists):
            return UNKNOWN
        try:
            made = function(*lists, *args[count:], **kwargs)
        except Exception:  # noqa: BLE001 - a call that fails has no value
            return UNKNOWN
        return bounded(made)

    def dictionary(self, args: list[Value], kwargs: dict[str, Value]) -> Value:
        """Build a dictionary; one of a module's names stands for those names too."""
        given = args[0] if args else {}
        if type(given) is Namespace:
            return given
        items = given if type(given) is dict else self.items(given)
        if items is None or is_spoilt(items):
            return UNKNOWN
        try:
            return bounded({**dict(items), **kwargs})
        except (TypeError, ValueError):  # no pairs
            return UNKNOWN

    def get_item(self, given: dict[Value, Value], args: list[Value], node: ast.AST) -> Value:
        """Return what ``get`` of a dictionary gives."""
        found = self.subscript(given, args[0], node)
        if found is not UNKNOWN or not is_plain(args[0]) or args[0] in list(given):
            return found
        default = args[1] if len(args) > 1 else None
        return either([default, UNKNOWN]) if REST in given else default

    @staticmethod
    def parts(given: dict[Value, Value], name: str) -> list[Value]:
        """Return what ``items``, ``keys`` or ``values`` of a dictionary gives; REST last, if there is more."""
        pairs = [pair for pair in given.items() if pair[0] is not REST]
        made: list[Value] = [*pairs]
        if name != "items":
            made = [pair[0] if name == "keys" else pair[1] for pair in pairs]
        return [*made, REST] if REST in given else made

    def mutate(
        self, receiver: Value, name: str, args: list[Value], kwargs: dict[str, Value]
    ) -> Value:
        """Call a method that changes a container; what cannot be followed spoils it."""
        if name not in _ADDING:
            at = args[0] if args else None
            other = type(receiver) in (list, dict) and REST in receiver
            unclear = other or at is UNKNOWN or isinstance(at, Either)
        else:
            unclear = name in ("extend", "update") and self.items(args[0] if args else None) is None
        if name == "sort" and not is_plain(receiver):
            unclear = True
        if unclear or self.uncertain or kwargs or REST in args:
            spoil(receiver)
            return UNKNOWN
        try:
            value = getattr(receiver, name)(*args)
        except Exception:  # noqa: BLE001 - a call that fails has no value
            return UNKNOWN
        if len(receiver) > MAX_ITEMS:
            spoil(receiver)
        return value
