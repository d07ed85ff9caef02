"""What an expression can come to: plain data as itself, and stand-ins for everything else."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

MAX_TEXT: Final = 128 * 1024
MAX_ITEMS: Final = 4096
MAX_BITS: Final = 65_536
MAX_OPTIONS: Final = 6
_MAX_DEPTH: Final = 12

Value: TypeAlias = Any
"""Plain data (None, bool, int, float, complex, str, bytes, and lists, tuples, dicts, sets of
values, ranges) or one of the classes below."""


class _Unknown:
    """What cannot be known without running the program."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
REST: Final = _Unknown()
"""As an item of a container: it holds more, or other, than was seen."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ref:
    """A module, class or function of Python's own, by its full name: ``os``, ``builtins.eval``."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Either:
    """One of a few values; which one depends on the run."""

    options: tuple[Value, ...]


@dataclasses.dataclass(eq=False, slots=True)
class Function:
    """A function or lambda of the program. ``scope`` is the one it was defined in."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Any
    defaults: dict[str, Value]
    receiver: Value = None
    bound: bool = False


@dataclasses.dataclass(eq=False, slots=True)
class Klass:
    """A class of the program."""

    name: str
    bases: list[Value]
    names: dict[str, Value]

    def find(self, name: str, depth: int = 0) -> Value:
        """Return an attribute, looked up in the bases too; UNKNOWN where there is none."""
        if name in self.names:
            return self.names[name]
        if depth < _MAX_DEPTH:
            for base in self.bases:
                if isinstance(base, Klass) and (found := base.find(name, depth + 1)) is not UNKNOWN:
                    return found
        return UNKNOWN


@dataclasses.dataclass(eq=False, slots=True)
class Instance:
    """An object of a class of the program."""

    klass: Klass
    names: dict[str, Value]


@dataclasses.dataclass(frozen=True, slots=True)
class Method:
    """A method of plain data, not called yet: ``"".join``."""

    receiver: Value
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Namespace:
    """The dictionary of names of a module (by its path) or of the program itself (its scope)."""

    owner: Value


@dataclasses.dataclass(frozen=True, slots=True)
class Partial:
    """A callable with its first arguments: ``functools.partial``, ``operator.attrgetter``."""

    target: Value
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()
    last: bool = False
    """True where the given arguments come after those of the call."""


def options(value: Value) -> tuple[Value, ...]:
    """Return what a value may be."""
    return value.options if isinstance(value, Either) else (value,)


def either(values: Iterable[Value]) -> Value:
    """Join what a value may be; UNKNOWN where that is too much, or unknown itself."""
    found: list[Value] = []
    for value in values:
        for option in options(value):
            if option is UNKNOWN:
                # What is known among it is still worth a look; UNKNOWN itself is one more option.
                if any(known is UNKNOWN for known in found):
                    continue
            elif any(option is known or same(option, known) for known in found):
                continue
            found.append(option)
            if len(found) > MAX_OPTIONS:
                return UNKNOWN
    if not found:
        return UNKNOWN
    return found[0] if len(found) == 1 else Either(tuple(found))


def same(one: Value, other: Value) -> bool:
    """Tell whether two values are equal and of one type; containers only if they are one object."""
    if type(one) is not type(other) or isinstance(one, list | dict | set | tuple):
        return one is other
    return bool(one == other)


def is_plain(value: Value, depth: int = 0) -> bool:
    """Tell whether a value is data through and through, so that Python itself can work on it."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if depth > _MAX_DEPTH:
        return False
    if kind in (list, tuple, set, frozenset):
        return all(is_plain(item, depth + 1) for item in value)
    if kind is dict:
        return all(is_plain(k, depth + 1) and is_plain(v, depth + 1) for k, v in value.items())
    return False


_ATOMS: Final = frozenset(
    (str, bytes, int, float, bool, complex, type(None), range, bytearray, slice, type(...))
)


def bounded(value: Value) -> Value:
    """Return a value if it is small enough to go on with, else UNKNOWN."""
    kind = type(value)
    if kind in (str, bytes, bytearray):
        return value if len(value) <= MAX_TEXT else UNKNOWN
    if kind is int:
        return value if value.bit_length() <= MAX_BITS else UNKNOWN
    if kind in (list, tuple, set, frozenset, dict):
        return value if len(value) <= MAX_ITEMS else UNKNOWN
    return value


def spoil(value: Value) -> None:
    """Note that a container was changed in a way that was not followed."""
    if type(value) is list:
        value[:] = [REST]
    elif type(value) is dict:
        value.clear()
        value[REST] = REST
    elif type(value) is set:
        value.clear()
        value.add(REST)
    elif type(value) is bytearray:
        value[:] = b""


def is_spoilt(value: Value) -> bool:
    """Tell whether a container holds more, or other, than was seen."""
    return type(value) in (list, tuple, dict, set) and len(value) == 1 and REST in value


def items_of(value: Value) -> list[Value] | None:
    """Return the items that iterating gives, None where they are not known or too many."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset, dict, str, bytes, bytearray, range):
        if is_spoilt(value) or len(value) > MAX_ITEMS or (kind is dict and REST in value):
            return None
        return list(value)
    return None
