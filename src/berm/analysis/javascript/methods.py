"""JavaScript's own methods and functions that only compute, on values that are known."""

from __future__ import annotations

import base64
import contextlib
import math
import re
import urllib.parse
from collections.abc import Callable, Sequence
from typing import Any, Final

from berm.analysis.fact import words
from berm.analysis.javascript.values import (
    MAX_ITEMS,
    MAX_TEXT,
    UNDEFINED,
    UNKNOWN,
    Array,
    Object,
    Ref,
    Regex,
    Value,
    is_primitive,
    number_text,
    to_number,
    to_text,
)

_INT: Final = re.compile(r"\s*([+-]?)(0[xX])?([0-9a-zA-Z]*)")
_FLOAT: Final = re.compile(
    r"\s*[+-]?(?:Infinity|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
)


def parse_int(text: str, radix: float = 10.0) -> float:
    """Return what parseInt gives."""
    found = _INT.match(text)
    if found is None:
        return math.nan
    base = int(radix) if radix and not math.isnan(radix) else 10
    if found[2] and base in (10, 16):
        base = 16
    digits = found[3] if not found[2] or base == 16 else "0"
    value, seen = 0, False
    for digit in digits[:400]:
        number = int(digit, 36)
        if number >= base:
            break
        value, seen = value * base + number, True
    if not seen:
        return math.nan
    return float(-value if found[1] == "-" else value)


def _parse_float(text: str) -> float:
    found = _FLOAT.match(text)
    return math.nan if found is None else float(found[0])


def _unescape(text: str) -> str:
    return re.sub(
        r"%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})", lambda m: chr(int(m[1] or m[2], 16)), text
    )


def _escape(text: str) -> str:
    plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@*_+-./"
    return "".join(
        c if c in plain else f"%{ord(c):02X}" if ord(c) < 256 else f"%u{ord(c):04X}" for c in text
    )


def _atob(text: str) -> str:
    plain = re.sub(r"\s", "", text)
    return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("latin-1")


def from_hex(text: str) -> Value:
    """Return the text that hexadecimal digits stand for."""
    with contextlib.suppress(ValueError):
        return bytes.fromhex(text).decode("latin-1")
    return UNKNOWN


def _char_codes(*codes: Any) -> str:
    return "".join(chr(int(to_number(code) or 0) & 0xFFFF) for code in codes)


FUNCTIONS: Final[dict[str, Callable[..., Value]]] = {
    "atob": _atob,
    "btoa": lambda text: base64.b64encode(text.encode("latin-1")).decode(),
    "decodeURIComponent": urllib.parse.unquote,
    "decodeURI": urllib.parse.unquote,
    "encodeURIComponent": lambda text: urllib.parse.quote(text, safe="-_.!~*'()"),
    "escape": _escape,
    "unescape": _unescape,
    "parseFloat": lambda value: _parse_float(_text(value)),
    "parseInt": lambda value, radix=10.0: parse_int(_text(value), to_number(radix) or 10.0),
    "String": lambda value="": _text(value),
    "Number": lambda value=0.0: _need(to_number(value)),
    "Boolean": lambda value=UNDEFINED: value not in (None, UNDEFINED, "", 0.0, False),
    "String.fromCharCode": _char_codes,
    "String.fromCodePoint": _char_codes,
    "Math.floor": lambda x: float(math.floor(_need(to_number(x)))),
    "Math.ceil": lambda x: float(math.ceil(_need(to_number(x)))),
    "Math.round": lambda x: float(math.floor(_need(to_number(x)) + 0.5)),
    "Math.abs": lambda x: abs(_need(to_number(x))),
    "Math.pow": lambda x, y: float(_need(to_number(x)) ** _need(to_number(y))),
    "Math.max": lambda *xs: max(_need(to_number(x)) for x in xs),
    "Math.min": lambda *xs: min(_need(to_number(x)) for x in xs),
    "isNaN": lambda x: math.isnan(_need(to_number(x))),
}


def _need(value: Any) -> Any:
    if value is None:
        raise ValueError
    return value


def _text(value: Value) -> str:
    return str(_need(to_text(value)))


def compute(path: str, args: Sequence[Value]) -> Value:
    """Call a function that computes only; UNKNOWN where an argument is not known, or it fails."""
    function = FUNCTIONS.get(path)
    if function is None:
        return UNKNOWN
    with contextlib.suppress(Exception):
        made = function(*args)
        if isinstance(made, str) and len(made) > MAX_TEXT:
            return UNKNOWN
        return float(made) if type(made) is int else made
    return UNKNOWN


def of_text(text: str, name: str, args: Sequence[Value]) -> Value:
    """Call a method of a string."""
    with contextlib.suppress(Exception):
        return _of_text(text, name, args)
    return UNKNOWN


def _index(args: Sequence[Value], position: int, default: float) -> int:
    value = args[position] if len(args) > position else UNDEFINED
    number = default if value is UNDEFINED else _need(to_number(value))
    if math.isnan(number):
        return 0
    return int(max(-(1 << 31), min(1 << 31, number)))


def _of_text(text: str, name: str, args: Sequence[Value]) -> Value:
    size = len(text)
    match name:
        case "charAt":
            at = _index(args, 0, 0)
            return text[at] if 0 <= at < size else ""
        case "at":
            at = _index(args, 0, 0)
            return text[at] if -size <= at < size else UNDEFINED
        case "charCodeAt" | "codePointAt":
            at = _index(args, 0, 0)
            return float(ord(text[at])) if 0 <= at < size else math.nan
        case "split":
            if not args or args[0] is UNDEFINED:
                return Array([text])
            by = args[0]
            if not isinstance(by, str):
                return UNKNOWN
            parts = list(text) if not by else text.split(by)
            return Array(list(parts[:MAX_ITEMS]))
        case "slice":
            return text[slice(_index(args, 0, 0), _index(args, 1, size))]
        case "substring":
            one, two = (max(0, min(size, _index(args, i, d))) for i, d in ((0, 0), (1, size)))
            return text[min(one, two) : max(one, two)]
        case "substr":
            start = _index(args, 0, 0)
            start = max(0, size + start) if start < 0 else start
            return text[start : start + _index(args, 1, size)]
        case "concat":
            return text + "".join(_text(arg) for arg in args)
        case "repeat":
            count = _index(args, 0, 0)
            return text * count if 0 <= count * size <= MAX_TEXT else UNKNOWN
        case "toLowerCase" | "toLocaleLowerCase":
            return text.lower()
        case "toUpperCase" | "toLocaleUpperCase":
            return text.upper()
        case "trim" | "trimStart" | "trimEnd":
            return {"trim": text.strip, "trimStart": text.lstrip, "trimEnd": text.rstrip}[name]()
        case "indexOf":
            return float(text.find(_text(args[0]), _index(args, 1, 0)))
        case "lastIndexOf":
            return float(text.rfind(_text(args[0])))
        case "includes" | "startsWith" | "endsWith":
            part = _text(args[0])
            tests = {"includes": part in text, "startsWith": text.startswith(part)}
            return tests.get(name, text.endswith(part))
        case "replace" | "replaceAll" if isinstance(args[0], str) and isinstance(args[1], str):
            if len(args[1]) * (size + 1) > MAX_TEXT * 4:
                return UNKNOWN
            return text.replace(args[0], args[1], 1 if name == "replace" else -1)
        case "padStart" | "padEnd":
            width = min(_index(args, 0, 0), MAX_TEXT)
            fill = _text(args[1]) if len(args) > 1 else " "
            pad = (fill * (width // max(1, len(fill)) + 1))[: max(0, width - size)]
            return pad + text if name == "padStart" else text + pad
        case "toString" | "valueOf" | "normalize":
            return text
        case "fontcolor" | "italics" | "bold" | "link" | "anchor" | "big" | "sub" | "sup":
            tags = {
                "italics": "i",
                "bold": "b",
                "fontcolor": "font color",
                "link": "a href",
                "anchor": "a name",
            }
            tag = tags.get(name, name)
            value = to_text(args[0]) if args else "undefined"
            head = f'{tag}="{(value or "").replace(chr(34), "&quot;")}"' if " " in tag else tag
            return f"<{head}>{text}</{tag.partition(' ')[0]}>"
    return UNKNOWN


def of_number(number: float, name: str, args: Sequence[Value]) -> Value:
    """Call a method of a number."""
    with contextlib.suppress(Exception):
        if name == "toString":
            base = _index(args, 0, 10)
            return number_text(number) if base == 10 else _based(int(number), base)
        if name == "toFixed":
            return f"{number:.{min(20, _index(args, 0, 0))}f}"
        if name == "valueOf":
            return number
    return UNKNOWN


def _based(number: int, base: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    if not 2 <= base <= 36:
        raise ValueError
    sign, rest, text = "-" if number < 0 else "", abs(number), ""
    while rest:
        rest, digit = divmod(rest, base)
        text = digits[digit] + text
    return sign + (text or "0")


OF_FUNCTIONS: Final = words(
    "apply arguments bind call caller length name prototype toString valueOf hasOwnProperty isPrototypeOf"
    " propertyIsEnumerable toLocaleString __proto__ __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__"
)
"""What every function has."""

CHANGING_ARRAY: Final = words("push pop shift unshift reverse splice sort fill")


def of_array(array: Array, name: str, args: Sequence[Value]) -> Value:
    """Call a method of an array that computes, or changes it in a way that is followed."""
    with contextlib.suppress(Exception):
        return _of_array(array, name, args)
    return UNKNOWN


def _of_array(array: Array, name: str, args: Sequence[Value]) -> Value:
    items = array.items
    match name:
        case "join":
            by = "," if not args or args[0] is UNDEFINED else _text(args[0])
            made = by.join("" if x is None or x is UNDEFINED else _text(x) for x in items)
            return made if len(made) <= MAX_TEXT else UNKNOWN
        case "toString":
            return _text(array)
        case "slice":
            return Array(items[slice(_index(args, 0, 0), _index(args, 1, len(items)))])
        case "concat":
            made_list = list(items)
            for arg in args:
                made_list.extend(arg.items if isinstance(arg, Array) else [arg])
            return Array(made_list[:MAX_ITEMS])
        case "indexOf":
            return float(next((i for i, x in enumerate(items) if x == args[0]), -1))
        case "includes":
            return any(x == args[0] for x in items)
        case "at":
            at = _index(args, 0, 0)
            return items[at] if -len(items) <= at < len(items) else UNDEFINED
        case "flat":
            flat: list[Value] = []
            for x in items:
                flat.extend(x.items if isinstance(x, Array) else [x])
            return Array(flat)
        case "keys" | "values" | "entries":
            if name == "entries":
                return Regex("[object Array Iterator]")  # only its text is ever asked for
            return Array([float(i) for i in range(len(items))] if name == "keys" else list(items))
        case "push":
            items.extend(args)
            array.known = len(items) <= MAX_ITEMS
            return float(len(items))
        case "pop":
            return items.pop() if items else UNDEFINED
        case "shift":
            return items.pop(0) if items else UNDEFINED
        case "unshift":
            items[:0] = args
            return float(len(items))
        case "reverse":
            items.reverse()
            return array
        case "splice":
            start = _index(args, 0, 0)
            start = max(0, len(items) + start) if start < 0 else start
            stop = start + _index(args, 1, len(items))
            removed = items[start:stop]
            items[start:stop] = args[2:]
            return Array(removed)
        case "sort" if not args and all(isinstance(x, str) for x in items):
            items.sort()
            return array
        case "fill":
            items[:] = [args[0]] * len(items)
            return array
    return UNKNOWN


def keys_of(value: Value) -> list[str] | None:
    """Return the names that for-in gives."""
    if isinstance(value, Object) and value.known:
        return list(value.names)
    if isinstance(value, Array) and value.known:
        return [str(i) for i in range(len(value.items))]
    return None


def item_of(value: Array, key: Value) -> Value:
    """Return an item of an array by a key that is known."""
    if not value.known:
        return UNKNOWN
    number = to_number(key) if isinstance(key, float | str) else None
    if number is None or not math.isfinite(number):
        return UNKNOWN
    at = int(number)
    return value.items[at] if at == number and 0 <= at < len(value.items) else UNDEFINED


def plus(left: Value, right: Value) -> Value:
    """Return what ``+`` gives."""
    numbers = (float, bool, type(None))
    left_plain = left is UNDEFINED or isinstance(left, numbers)
    right_plain = right is UNDEFINED or isinstance(right, numbers)
    if left_plain and right_plain:
        return float(_need(to_number(left)) + _need(to_number(right)))
    one, other = to_text(left), to_text(right)
    if one is None or other is None or len(one) + len(other) > MAX_TEXT:
        return UNKNOWN
    return one + other


def loosely(left: Value, right: Value) -> bool | None:
    """Return what ``==`` gives."""
    if not (is_primitive(left) and is_primitive(right)):
        return (
            left is right
            if not isinstance(left, Ref) and left is not UNKNOWN and right is not UNKNOWN
            else None
        )
    nothing = (None, UNDEFINED)
    if left in nothing or right in nothing:
        return left in nothing and right in nothing
    if type(left) is type(right):
        return bool(left == right)
    return to_number(left) == to_number(right)
