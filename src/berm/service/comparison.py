"""Compare a program's output with the expected one, ignoring trailing white space."""

from __future__ import annotations


def comparable(output: bytes) -> list[bytes]:
    r"""Return the lines that count: without white space at their end, without blank lines at the end.

    White space is ASCII's (space, tab, carriage return, vertical tab, form feed, newline), so that
    ``\r\n`` equals ``\n``. Leading white space, blank lines in between and everything that is not
    ASCII count as they are.
    """
    text = output.rstrip()
    return [line.rstrip() for line in text.split(b"\n")] if text else []


def same_output(actual: bytes, expected: bytes) -> bool:
    """Tell whether two outputs are equal but for trailing white space.

    Works on bytes: output that is not UTF-8 never equals text by way of replacement characters.
    """
    return actual == expected or comparable(actual) == comparable(expected)
