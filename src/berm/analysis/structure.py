"""The shape of disguise: what programs look like that were made unreadable on purpose. Advice, apart from danger.

Measured over the text, in any language. None of it says that a program does harm.
"""

from __future__ import annotations

import collections
import math
import re
from typing import Final

from berm.analysis.fact import Fact, Kind, Sink

_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")
_MACHINE: Final = re.compile(r"_0x[0-9a-f]{3,}|[Il1O0o]{5,}|_{3,}[\w$]*|[a-zA-Z_][0-9a-f]{11,}")
_LITERAL: Final = re.compile(r"'([^'\\\n]{160,})'|\"([^\"\\\n]{160,})\"|`([^`\\]{160,})`")
_ESCAPES: Final = re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[0-7]{3}){12,}")
_SELF_ARRAY: Final = re.compile(
    r"function\s+([\w$]+)\s*\(\s*\)\s*\{[^{}]{40,200000}\b\1\s*=\s*function\b"
)
_FLATTENED: Final = re.compile(
    r"(?:while|for)\s*\([^)]{0,40}\)\s*\{\s*switch\s*\(\s*[\w$]+\s*\[\s*[\w$]+\+\+\s*\]"
)
_CALL_OF_ITEM: Final = re.compile(r"\](?:\s*\()|\)\s*\(")
_CALL: Final = re.compile(r"[\w$\])]\s*\(")
_DUNDER: Final = re.compile(r"__[a-z]+__")
_CHARACTER_CODES: Final = re.compile(r"\b(?:chr|fromCharCode|fromCodePoint)\b")
_FEW: Final = frozenset("[]()!+{}$_~-'\"\\ \n")
_LEAST: Final = 200


def entropy(text: str) -> float:
    """Return bits for each character of a text."""
    if not text:
        return 0.0
    size = len(text)
    counts = collections.Counter(text).values()
    return -sum(count / size * math.log2(count / size) for count in counts)


def look(source: bytes, sink: Sink) -> None:
    """Put into ``sink`` the shapes that a text has."""
    text = source[: 256 * 1024].decode("utf-8", "replace")
    if len(text) < _LEAST:
        return

    def add(name: str, at: int, note: str) -> None:
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        sink.add(Fact(Kind.PATTERN, name, line, column, "", note))

    few = sum(text.count(char) for char in _FEW - {" ", "\n"})
    if few / len(text) > 0.9:
        add("few-characters", 0, "nearly all of it is brackets and signs")
        return
    for found in _LITERAL.finditer(text):
        inside = found[1] or found[2] or found[3]
        bits = entropy(inside)
        if bits > 4.6 and inside.count(" ") < len(inside) / 50:
            add("packed-text", found.start(), f"{len(inside)} characters, {bits:.1f} bits each")
            break
    escaped = _ESCAPES.search(text) if "\\" in text else None
    if escaped is not None:
        add("escaped-text", escaped.start(), "a text is written in escapes")
    words = _WORD.findall(text)
    names = set(words)
    machine = [name for name in names if _MACHINE.fullmatch(name)]
    if len(machine) >= 8 and len(machine) > len(names) * 0.3:
        add("machine-names", text.find(machine[0]), f"{len(machine)} of {len(names)} names")
    for pattern, name in ((_SELF_ARRAY, "self-replacing-array"), (_FLATTENED, "flattened")):
        found_at = pattern.search(text)
        if found_at is not None:
            add(name, found_at.start(), "")
    calls = len(_CALL.findall(text))
    hidden = len(_CALL_OF_ITEM.findall(text))
    if calls >= 12 and hidden > calls * 0.5:
        add("hidden-calls", 0, f"{hidden} of {calls} calls are of what an index or a call gives")
    dunders = len(_DUNDER.findall(text)) if "__" in text else 0
    if dunders >= 10 and dunders > len(words) * 0.15:
        add("dunder-chains", 0, f"{dunders} of {len(words)} names")
    if ("chr" in text or "from" in text) and len(_CHARACTER_CODES.findall(text)) >= 8:
        at = _CHARACTER_CODES.search(text)
        add(
            "character-codes",
            at.start() if at is not None else 0,
            "texts are put together by codes",
        )
