"""Comparing an output with the expected one: pure functions of two byte strings.

Everything works on bytes. White space is ASCII's (space, tab, newline, carriage return, vertical
tab, form feed), letters without case are ASCII's, and output that is not UTF-8 never equals text by
way of replacement characters.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import itertools
import math
import re
from collections.abc import Sequence
from typing import Final, Self

from berm.errors import InputError
from berm.judge.verdict import Difference

_TOKEN: Final = re.compile(rb"\S+")
_PIECE: Final = re.compile(rb"\s+|\S+")
_NUMBER: Final = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_HEX_NUMBER: Final = re.compile(
    rb"[+-]?0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(p[+-]?\d+)?", re.IGNORECASE
)
_LONGEST_NUMBER: Final = 1000
"""Bytes; what is longer is no number that anybody printed, and would take time to convert."""

_SHOWN: Final = 60


class Rule(enum.StrEnum):
    """How two outputs are compared."""

    EXACT = "exact"
    """Byte for byte."""
    TRIMMED = "trimmed"
    """Line by line, without white space at the ends of lines and blank lines at the end."""
    TOKENS = "tokens"
    """Token by token, however much white space is between them."""
    UNORDERED = "unordered"
    """As ``trimmed``, but the lines may come in any order."""


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison with its options. The default ignores white space at the ends of lines.

    Attributes:
        rule: how the outputs are taken apart.
        ignore_case: ASCII letters of either case are equal.
        absolute, relative: tolerances for numbers, for the rule ``tokens``: a token of the expected
            output that is a number is equal to a number within either of them.
        spacing: for the rule ``tokens``: the white space must be the same as well.
        presentation: an output that differs in white space alone is PE, not WA.
    """

    rule: Rule = Rule.TRIMMED
    ignore_case: bool = False
    absolute: float | None = None
    relative: float | None = None
    spacing: bool = False
    presentation: bool = False

    def __post_init__(self) -> None:
        for name in ("absolute", "relative"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise InputError(
                    f"The {name} tolerance is {value!r}.",
                    remedy="Give a finite number that is not negative.",
                )

    @classmethod
    def icpc(cls, flags: Sequence[str] = ()) -> Self:
        """Return the ICPC default output validator with its flags.

        By the problem package format, "Default output validator specification".

        Raises:
            InputError: a flag is unknown, given twice, or without its number.
        """
        words = iter(flags)
        seen: set[str] = set()
        values: dict[str, float] = {}
        for word in words:
            if word in seen:
                raise _wrong_flag(f"{word} is given twice")
            seen.add(word)
            if word in ("case_sensitive", "space_change_sensitive"):
                continue
            if word not in _TOLERANCES:
                raise _wrong_flag(f"{word!r} is unknown")
            text = next(words, None)
            value = None if text is None else number(text.encode())
            if value is None or value < 0:
                raise _wrong_flag(f"{word} needs a number that is not negative")
            for name in _TOLERANCES[word]:
                if name in values:
                    raise _wrong_flag("float_tolerance stands for both of the others")
                values[name] = value
        return cls(
            Rule.TOKENS,
            ignore_case="case_sensitive" not in seen,
            absolute=values.get("absolute"),
            relative=values.get("relative"),
            spacing="space_change_sensitive" in seen,
        )

    def difference(self, actual: bytes, expected: bytes) -> Difference | None:
        """Return the first difference, None if the outputs are equal."""
        if actual == expected:
            return None
        found: Difference | None = None
        match self.rule:
            case Rule.EXACT:
                found = self._exact(actual, expected)
            case Rule.TRIMMED:
                found = self._lines(actual, expected)
            case Rule.UNORDERED:
                found = self._unordered(actual, expected)
            case Rule.TOKENS:
                found = self._tokens(actual, expected)
        if found is None or not self.presentation:
            return found
        plain = dataclasses.replace(self, rule=Rule.TOKENS, spacing=False, presentation=False)
        same = self.rule is not Rule.UNORDERED and plain.difference(actual, expected) is None
        return dataclasses.replace(found, spacing=True) if same else found

    def _folded(self, data: bytes) -> bytes:
        return data.lower() if self.ignore_case else data

    def _exact(self, actual: bytes, expected: bytes) -> Difference | None:
        left, right = self._folded(actual), self._folded(expected)
        if left == right:
            return None
        at = _first(left, right)
        return _at(actual, at, _shown(expected[at : at + _SHOWN]), _shown(actual[at : at + _SHOWN]))

    def _lines(self, actual: bytes, expected: bytes) -> Difference | None:
        left, right = comparable(actual), comparable(expected)
        if self.ignore_case:
            same = [line.lower() for line in left] == [line.lower() for line in right]
        else:
            same = left == right
        if same:
            return None
        pairs = itertools.zip_longest(left, right)
        for index, (mine, theirs) in enumerate(pairs, start=1):
            if mine is None:
                return Difference(
                    index, 1, _shown(theirs), "", f"The output ends before line {index}."
                )
            if theirs is None:
                return Difference(
                    index, 1, "", _shown(mine), f"Line {index} and what follows is too much."
                )
            if self._folded(mine) != self._folded(theirs):
                column = _first(self._folded(mine), self._folded(theirs)) + 1
                return _line_difference(index, column, mine, theirs)
        return None

    def _unordered(self, actual: bytes, expected: bytes) -> Difference | None:
        spare = collections.Counter(self._folded(line) for line in comparable(expected))
        lines = comparable(actual)
        for index, line in enumerate(lines, start=1):
            folded = self._folded(line)
            if not spare[folded]:
                text = f"Line {index} is not expected, or not that often."
                return Difference(index, 1, "", _shown(line), text)
            spare[folded] -= 1
        missing = next(iter(+spare), None)
        if missing is None:
            return None
        return Difference(len(lines) + 1, 1, _shown(missing), "", "A line is missing.")

    def _tokens(self, actual: bytes, expected: bytes) -> Difference | None:
        left = _PIECE.findall(actual) if self.spacing else actual.split()
        right = _PIECE.findall(expected) if self.spacing else expected.split()
        for index, (mine, theirs) in enumerate(zip(left, right, strict=False)):
            if mine != theirs and not self._same(mine, theirs):
                text = self._token_text(mine, theirs)
                return self._place(actual, index, _shown(theirs), _shown(mine), text)
        if len(left) < len(right):
            text = "The output ends where more is expected."
            return _at(actual, len(actual), _shown(right[len(left)]), "", text)
        if len(left) > len(right):
            text = "There is more output than expected."
            return self._place(actual, len(right), "", _shown(left[len(right)]), text)
        return None

    def _same(self, actual: bytes, expected: bytes) -> bool:
        if expected.isspace() or actual.isspace():
            return False
        if self.absolute is not None or self.relative is not None:
            wanted = number(expected)
            if wanted is not None:
                value = number(actual)
                if value is None:
                    return False
                off = abs(value - wanted)
                return (self.absolute is not None and off <= self.absolute) or (
                    self.relative is not None and off <= self.relative * abs(wanted)
                )
        return self._folded(actual) == self._folded(expected)

    def _token_text(self, actual: bytes, expected: bytes) -> str:
        if expected.isspace() or actual.isspace():
            return "The white space differs."
        if self.absolute is None and self.relative is None:
            return ""
        wanted, value = number(expected), number(actual)
        if wanted is None:
            return ""
        if value is None:
            return "A number is expected."
        return f"The number is off by {abs(value - wanted):g}."

    def _place(self, actual: bytes, index: int, expected: str, shown: str, text: str) -> Difference:
        pattern = _PIECE if self.spacing else _TOKEN
        match = next(itertools.islice(pattern.finditer(actual), index, None), None)
        return _at(actual, match.start() if match else len(actual), expected, shown, text)


_TOLERANCES: Final = {
    "float_tolerance": ("absolute", "relative"),
    "float_absolute_tolerance": ("absolute",),
    "float_relative_tolerance": ("relative",),
}


def comparable(output: bytes) -> list[bytes]:
    r"""Return the lines that count: without white space at their end, without blank lines at the end.

    ``\r\n`` equals ``\n``. Leading white space and blank lines in between count.
    """
    text = output.rstrip()
    return [line.rstrip() for line in text.split(b"\n")] if text else []


def number(token: bytes) -> float | None:
    """Return the finite number that a token is, None for everything else.

    What C's ``strtod`` takes, without its ``inf`` and ``nan``: decimal or hexadecimal.
    """
    if len(token) > _LONGEST_NUMBER:
        return None
    if _NUMBER.fullmatch(token):
        value = float(token)
    elif _HEX_NUMBER.fullmatch(token):
        try:
            value = float.fromhex(token.decode("ascii"))
        except OverflowError:
            return None
    else:
        return None
    return value if math.isfinite(value) else None


def _first(left: bytes, right: bytes) -> int:
    """Return the index of the first byte that differs, by halving."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _at(actual: bytes, offset: int, expected: str, shown: str, text: str = "") -> Difference:
    line = actual.count(b"\n", 0, offset) + 1
    column = offset - (actual.rfind(b"\n", 0, offset) + 1) + 1
    return Difference(line, column, expected, shown, text)


def _line_difference(line: int, column: int, actual: bytes, expected: bytes) -> Difference:
    start = max(0, column - 1 - _SHOWN // 2)
    return Difference(
        line,
        column,
        _shown(expected[start : start + _SHOWN]),
        _shown(actual[start : start + _SHOWN]),
        f"Line {line} differs from column {column} on.",
    )


def _shown(data: bytes) -> str:
    return data[:_SHOWN].decode("utf-8", "replace")


def _wrong_flag(text: str) -> InputError:
    return InputError(
        f"Flags of the default output validator: {text}.",
        remedy="Known: case_sensitive, space_change_sensitive, float_tolerance E,"
        " float_absolute_tolerance E, float_relative_tolerance E.",
    )
