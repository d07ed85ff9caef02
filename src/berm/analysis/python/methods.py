"""Methods of plain data: those that compute only, and those that change their object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from berm.analysis.fact import words
from berm.analysis.python.purity import WIDE, compute, decode, encode, percent, times
from berm.analysis.python.values import MAX_TEXT, UNKNOWN, Value

# Methods of data that compute only. Those that change their object are MUTATORS.
METHODS: Final[dict[type, frozenset[str]]] = {
    str: words(
        "capitalize casefold center count encode endswith expandtabs find format "
        "format_map index isalnum isalpha isascii isdecimal isdigit isidentifier islower "
        "isnumeric isprintable isspace istitle isupper join ljust lower lstrip partition "
        "removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip "
        "split splitlines startswith strip swapcase title translate upper zfill maketrans "
        "__add__ __mul__ __mod__ __getitem__ __len__ __contains__ __eq__ __str__ __rmul__ "
        "__format__"
    ),
    bytes: words(
        "capitalize center count decode endswith expandtabs find fromhex hex index "
        "isalnum isalpha isdigit islower isupper join ljust lower lstrip partition "
        "removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip "
        "split splitlines startswith strip swapcase title translate upper zfill maketrans "
        "__add__ __mul__ __mod__ __getitem__ __len__"
    ),
    int: words(
        "bit_length to_bytes from_bytes conjugate __add__ __sub__ __mul__ __xor__ __and__ "
        "__or__ __index__ __int__ __str__ __floordiv__ __mod__ __neg__ __rshift__"
    ),
    float: words("hex is_integer fromhex __int__ __str__"),
    list: words("copy count index __getitem__ __len__ __add__ __mul__ __contains__"),
    tuple: words("count index __getitem__ __len__ __add__ __mul__ __contains__"),
    dict: words("copy get items keys values fromkeys __getitem__ __len__"),
    set: words("copy difference intersection union symmetric_difference"),
    frozenset: words("copy difference intersection union symmetric_difference"),
    bytearray: words("decode hex copy find index join fromhex __getitem__ __len__"),
    bool: words("__str__"),
    range: words("count index"),
}
MUTATORS: Final[dict[type, frozenset[str]]] = {
    list: words(
        "append clear extend insert pop remove reverse sort __setitem__ __delitem__ __iadd__"
    ),
    dict: words("clear pop popitem setdefault update __setitem__ __delitem__"),
    set: words("add clear discard pop remove update"),
    bytearray: words("append clear extend insert pop reverse remove"),
}


def method(receiver: Value, name: str, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
    """Call a method of plain data that computes only."""
    if name not in METHODS.get(type(receiver), ()):
        return UNKNOWN
    if any(type(arg) is int and abs(arg) > MAX_TEXT for arg in args):
        return UNKNOWN
    if isinstance(receiver, str | bytes | bytearray):
        if name in ("format", "format_map") and WIDE.search(receiver):  # type: ignore[arg-type]
            return UNKNOWN
        if name == "replace" and len(args) > 1 and not _small_replacement(receiver, args):
            return UNKNOWN
        if name == "join" and args and not _small_join(receiver, args[0]):
            return UNKNOWN
        if name == "__mod__" and args:
            return compute(percent, (receiver, args[0]), {})
        if name == "decode":
            return compute(decode, (receiver, *args), kwargs)
        if name == "encode":
            return compute(encode, (receiver, *args), kwargs)
    if name in ("__mul__", "__rmul__") and args:
        return compute(times, (receiver, args[0]), {})
    return compute(getattr(receiver, name), args, kwargs)


def _small_replacement(receiver: Any, args: Sequence[Any]) -> bool:
    try:
        return len(receiver) + (len(receiver) + 1) * len(args[1]) <= MAX_TEXT * 8
    except TypeError:
        return False


def _small_join(receiver: Any, parts: Any) -> bool:
    try:
        return sum(len(part) + len(receiver) for part in parts) <= MAX_TEXT
    except TypeError:
        return False
