"""What an expression of JavaScript can come to. Numbers are floats, strings are strings, null is None."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Final, TypeAlias

from berm.analysis.branch import Branch
from berm.analysis.fact import words

Value: TypeAlias = Any
MAX_TEXT: Final = 64 * 1024
MAX_ITEMS: Final = 4096
MAX_OPTIONS: Final = 6


class _Mark:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


UNKNOWN: Final = _Mark("UNKNOWN")
UNDEFINED: Final = _Mark("UNDEFINED")


@dataclasses.dataclass(frozen=True, slots=True)
class Ref:
    """A thing of the language's or Node's own, by its full name: ``Function``, ``child_process.exec``."""

    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Either:
    """One of a few values."""

    options: tuple[Value, ...]


@dataclasses.dataclass(eq=False, slots=True)
class Function:
    """A function of the program.

    Attributes:
        source: the text that its node's places are in.
        pinned: where to say that its facts are, if its text was made at run time.
        made: True if it was made out of a text.
        names: the properties that the program gave it.
    """

    node: Branch
    scope: Any
    this: Value
    source: bytes
    pinned: tuple[int, int, str] | None = None
    made: bool = False
    names: dict[str, Value] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(eq=False, slots=True)
class Array:
    """An array; ``known`` is False once it was changed in a way that was not followed."""

    items: list[Value]
    known: bool = True


@dataclasses.dataclass(eq=False, slots=True)
class Object:
    """An object, or an instance of a class of the program."""

    names: dict[str, Value]
    known: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Method:
    """A method of a value, not called yet."""

    receiver: Value
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression; never run."""

    text: str


def options(value: Value) -> tuple[Value, ...]:
    """Return what a value may be."""
    return value.options if isinstance(value, Either) else (value,)


def either(values: list[Value]) -> Value:
    """Join what a value may be."""
    found: list[Value] = []
    for value in values:
        for option in options(value):
            if not any(option is known or same(option, known) for known in found):
                found.append(option)
    if not found or len(found) > MAX_OPTIONS:
        return UNKNOWN
    return found[0] if len(found) == 1 else Either(tuple(found))


def same(one: Value, other: Value) -> bool:
    """Tell whether two values are equal and of one kind."""
    if type(one) is not type(other) or not isinstance(one, str | float | bool | Ref | Method):
        return one is other
    return bool(one == other)


def is_primitive(value: Value) -> bool:
    """Tell whether a value is a known primitive."""
    return isinstance(value, str | float | bool) or value is None or value is UNDEFINED


def to_text(value: Value) -> str | None:
    """Return a value as a string, as JavaScript would; None where that is not known."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, Array):
        if not value.known:
            return None
        parts = ["" if each is None or each is UNDEFINED else to_text(each) for each in value.items]
        return None if None in parts else ",".join(part or "" for part in parts)
    if isinstance(value, Object):
        return "[object Object]" if value.known and "toString" not in value.names else None
    if isinstance(value, Regex):
        return value.text
    if isinstance(value, Function):
        return value.source[value.node.start : value.node.end].decode("utf-8", "replace")
    if isinstance(value, Method):
        return f"function {value.name}() {{ [native code] }}"
    if isinstance(value, Ref) and value.path in NATIVE_FUNCTIONS:
        return f"function {value.path}() {{ [native code] }}"
    return None


NATIVE_FUNCTIONS: Final = words(
    "Array Boolean Date Function Map Number Object RegExp Set String Symbol eval escape unescape"
    " parseInt parseFloat isNaN isFinite Error"
)


def number_text(value: float) -> str:
    """Return a number as JavaScript prints it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa.removesuffix('.0')}e{'+' if int(exponent) > 0 else ''}{int(exponent)}"
    return text


def to_number(value: Value) -> float | None:
    """Return a value as a number, as JavaScript would; None where that is not known."""
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, float):
        return value
    if value is None:
        return 0.0
    if value is UNDEFINED:
        return math.nan
    if isinstance(value, str):
        return text_number(value)
    if isinstance(value, Array | Object | Regex | Method):
        text = to_text(value)
        return None if text is None else text_number(text)
    if isinstance(value, Function):
        return math.nan
    return None


def text_number(text: str) -> float:
    """Return what Number(text) is."""
    plain = text.strip()
    if not plain:
        return 0.0
    try:
        if plain[:2].lower() in ("0x", "0b", "0o"):
            return float(int(plain, 0))
        if "_" in plain or plain.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            return math.inf if plain in ("Infinity", "+Infinity") else math.nan
        return float(plain)
    except (ValueError, OverflowError):
        return math.nan


def truth(value: Value) -> bool | None:
    """Return whether a value counts as true; None where that is not known."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return not (value == 0 or math.isnan(value))
    if isinstance(value, str):
        return bool(value)
    if value is None or value is UNDEFINED:
        return False
    if isinstance(value, Array | Object | Function | Ref | Regex | Method):
        return True
    return None


def type_name(value: Value) -> str | None:
    """Return what typeof gives; None where that is not known."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, Function | Method):
        return "function"
    if value is None or isinstance(value, Array | Object | Regex):
        return "object"
    return None
