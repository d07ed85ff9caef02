"""Python's own functions that are safe to call on constants: they compute, and touch nothing.

Everything here is bounded: sizes before a call, sizes after it, and any exception is UNKNOWN. What is
not bounded by its arguments' sizes alone is checked by hand.
"""

from __future__ import annotations

import ast
import base64
import binascii
import builtins
import bz2
import codecs
import contextlib
import html
import json
import lzma
import math
import operator
import quopri
import re
import string
import struct
import textwrap
import urllib.parse
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from berm.analysis.fact import words
from berm.analysis.python.values import (
    MAX_BITS,
    MAX_ITEMS,
    MAX_TEXT,
    UNKNOWN,
    Value,
    bounded,
    is_plain,
)

_CODECS: Final = frozenset(
    [
        "ascii",
        "base64",
        "base64_codec",
        "base_64",
        "bz2",
        "bz2_codec",
        "cp437",
        "cp500",
        "cp037",
        "cp1252",
        "hex",
        "hex_codec",
        "idna",
        "latin1",
        "latin_1",
        "iso8859_1",
        "iso_8859_1",
        "punycode",
        "quopri",
        "quopri_codec",
        "quoted_printable",
        "raw_unicode_escape",
        "rot13",
        "rot_13",
        "unicode_escape",
        "utf8",
        "utf_8",
        "utf_8_sig",
        "utf7",
        "utf_7",
        "utf16",
        "utf_16",
        "utf_16_le",
        "utf_16_be",
        "utf32",
        "utf_32",
        "utf_32_le",
        "utf_32_be",
        "uu",
        "uu_codec",
        "zip",
        "zlib",
        "zlib_codec",
    ]
)
WIDE: Final = re.compile(r"\d{5,}")
_NESTED: Final = re.compile(r"[*+}?]\)?[*+{?]|\(\?[^:]|\\\d")


def _bz2(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(bytes(data), MAX_TEXT)


def _lzma(data: bytes) -> bytes:
    return lzma.LZMADecompressor().decompress(bytes(data), MAX_TEXT)


def _zlib(data: bytes, wbits: int = 15, *_: int) -> bytes:
    return zlib.decompressobj(wbits).decompress(bytes(data), MAX_TEXT)


def _gzip(data: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(bytes(data), MAX_TEXT)


def _codec(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")
    if plain not in _CODECS:
        raise LookupError(name)
    return plain


def decode(data: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    """codecs.decode for codecs whose output is bounded by their input, or cut."""
    name = _codec(encoding)
    if name in ("zip", "zlib", "zlib_codec"):
        return _zlib(data)
    if name in ("bz2", "bz2_codec"):
        return _bz2(data)
    return codecs.decode(data, name, errors)


def encode(data: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    """codecs.encode for the same codecs."""
    return codecs.encode(data, _codec(encoding), errors)


def _range(*args: int) -> range:
    made = range(*args)
    if len(made) > MAX_ITEMS:
        raise ValueError
    return made


def _pow(base: Any, exponent: Any, modulus: Any = None) -> Any:
    whole = modulus is None and type(base) is int and type(exponent) is int
    if whole and abs(exponent) * max(1, base.bit_length()) > MAX_BITS:
        raise OverflowError
    return pow(base, exponent, modulus)


def _shift(value: int, by: int) -> int:
    if by > MAX_BITS:
        raise OverflowError
    return value << by


def times(one: Any, other: Any) -> Any:
    """Multiply, unless the result is too large to go on with."""
    for sequence, count in ((one, other), (other, one)):
        if isinstance(sequence, str | bytes | bytearray | list | tuple):
            limit = MAX_ITEMS if isinstance(sequence, list | tuple) else MAX_TEXT
            if not isinstance(count, int) or count * len(sequence) > limit:
                raise OverflowError
            return one * other
    return one * other


def percent(one: Any, other: Any) -> Any:
    """Divide with rest, or format in the old way, unless a width makes the result large."""
    if isinstance(one, str | bytes):
        text = one if isinstance(one, str) else one.decode("latin-1")
        if "*" in text or WIDE.search(text):
            raise OverflowError
    return one % other


def _format(value: Any, spec: str = "") -> str:
    if WIDE.search(spec):
        raise OverflowError
    return format(value, spec)


def _bytes(*args: Any, **named: str) -> bytes:
    if args and type(args[0]) is int and args[0] > MAX_TEXT:
        raise OverflowError
    return bytes(encode(*args, **named)) if len(args) > 1 or named else bytes(*args)


def _text(*args: Any, **named: str) -> str:
    return str(decode(*args, **named)) if len(args) > 1 or named else str(*args)


def _sub(pattern: str, new: str, text: str, *rest: Any) -> str:
    """re.sub where neither pattern nor replacement can make it slow."""
    if len(pattern) > 200 or _NESTED.search(pattern) or len(text) > 8192:
        raise OverflowError
    return re.sub(pattern, new, text, *rest)  # noqa: B034 - as the program gave them


def _findall(pattern: str, text: str, *rest: Any) -> list[Any]:
    if len(pattern) > 200 or _NESTED.search(pattern) or len(text) > 8192:
        raise OverflowError
    return re.findall(pattern, text, *rest)


def _zip(*args: Sequence[Any], strict: bool = False) -> list[Any]:
    return list(zip(*args, strict=strict))


def _enumerate(items: Sequence[Any], start: int = 0) -> list[Any]:
    return list(enumerate(items, start))


def _identical(one: Any, other: Any) -> bool:
    """Whether equal constants are one object is the interpreter's affair, but there is one None."""
    if not {type(one), type(other)} & {type(None), bool, type(...)}:
        raise ValueError
    return one is other


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    **{
        f"builtins.{name}": getattr(builtins, name)
        for name in words(
            "abs all any ascii bin bool callable chr complex divmod float frozenset hex "
            "len list max min oct ord repr round set slice sum tuple dict bytearray"
        )
    },
    "builtins.bytes": _bytes,
    "builtins.str": _text,
    "builtins.int": int,
    "builtins.pow": _pow,
    "builtins.format": _format,
    "builtins.range": _range,
    "builtins.xrange": _range,
    "builtins.unichr": chr,
    "builtins.enumerate": _enumerate,
    "builtins.reversed": lambda a: list(a)[::-1],
    "builtins.sorted": sorted,
    "builtins.zip": _zip,
    "builtins.iter": list,
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytearray.fromhex,
    "builtins.int.from_bytes": int.from_bytes,
    "builtins.str.maketrans": str.maketrans,
    "builtins.dict.fromkeys": dict.fromkeys,
    **{
        f"base64.{name}": getattr(base64, name)
        for name in words(
            "a85decode b16decode b32decode b64decode b64encode b85decode decodebytes "
            "standard_b64decode urlsafe_b64decode b32hexdecode b16encode b32encode b85encode"
        )
    },
    "base64.decodestring": base64.decodebytes,
    **{
        f"binascii.{name}": getattr(binascii, name)
        for name in words("a2b_base64 a2b_hex a2b_qp a2b_uu b2a_hex hexlify unhexlify b2a_base64")
    },
    "codecs.decode": decode,
    "codecs.encode": encode,
    "zlib.decompress": _zlib,
    "gzip.decompress": _gzip,
    "bz2.decompress": _bz2,
    "lzma.decompress": _lzma,
    "quopri.decodestring": quopri.decodestring,
    "html.unescape": html.unescape,
    "urllib.parse.unquote": urllib.parse.unquote,
    "urllib.parse.unquote_plus": urllib.parse.unquote_plus,
    "urllib.parse.unquote_to_bytes": urllib.parse.unquote_to_bytes,
    "json.loads": json.loads,
    "ast.literal_eval": ast.literal_eval,
    "textwrap.dedent": textwrap.dedent,
    "re.sub": _sub,
    "re.findall": _findall,
    "struct.pack": struct.pack,
    "struct.unpack": struct.unpack,
    "itertools.chain": lambda *a: [item for part in a for item in part],
    "itertools.chain.from_iterable": lambda a: [item for part in a for item in part],
    "itertools.islice": lambda a, *b: list(a)[slice(*b)],
    "itertools.repeat": lambda a, n: [a] * min(n, MAX_ITEMS),
    **{
        f"operator.{name}": getattr(operator, name)
        for name in words(
            "add sub xor and_ or_ not_ neg invert floordiv truediv getitem index eq ne lt gt"
        )
    },
    "operator.concat": operator.concat,
    "operator.mul": times,
    "operator.mod": percent,
    "operator.pow": _pow,
    "operator.lshift": _shift,
    "operator.rshift": operator.rshift,
    **{
        f"math.{name}": getattr(math, name)
        for name in words("ceil floor trunc sqrt gcd log log2 log10 fabs isqrt prod")
    },
}

CONSTANTS: Final[dict[str, Any]] = {
    **{
        f"string.{name}": getattr(string, name)
        for name in words(
            "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits "
            "printable punctuation whitespace"
        )
    },
    "math.pi": math.pi,
    "math.e": math.e,
    "os.sep": "/",
    "os.name": "posix",
    "os.pathsep": ":",
    "os.linesep": "\n",
    "os.curdir": ".",
    "os.extsep": ".",
    "os.path.sep": "/",
    "sys.platform": UNKNOWN,
}

OPERATORS: Final[dict[type[ast.AST], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: times,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: percent,
    ast.Pow: _pow,
    ast.LShift: _shift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: _identical,
    ast.IsNot: lambda a, b: not _identical(a, b),
}


def compute(function: Callable[..., Any], args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
    """Call ``function`` on data; UNKNOWN if an argument is no data, or it fails, or is too large."""
    if not all(map(is_plain, args)) or not all(map(is_plain, kwargs.values())):
        return UNKNOWN
    with contextlib.suppress(Exception):
        return bounded(function(*args, **kwargs))
    return UNKNOWN
