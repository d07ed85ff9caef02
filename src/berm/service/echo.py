"""Bytes that came out of a cell, made into text that a response can hold."""

from __future__ import annotations

from typing import ClassVar, Final

from berm.model import KIB

_DIAGNOSTICS: Final = 16 * KIB
_SHORT: Final = 4 * KIB


class Echo:
    """Decodes for one response, and bounds what the outputs in it have together.

    Args:
        budget: bytes of output that the response may hold. Past it, every further output keeps its
            first 4 KiB, and says so.
    """

    FILE: ClassVar = 64 * KIB
    """Bytes of a test file that a response shows."""

    def __init__(self, budget: int) -> None:
        self._left = budget

    def output(self, data: bytes) -> str:
        """Return a program's output as text."""
        if len(data) > max(self._left, _SHORT):
            data, left_out = data[:_SHORT], len(data) - _SHORT
            note = f"\n[{left_out} more bytes: this response holds no more output]"
        else:
            note = ""
        self._left -= len(data)
        return _text(data) + note

    def whole(self, data: bytes) -> str | None:
        """Return ASCII as text, None if the response has no room for all of it."""
        if len(data) > self._left:
            return None
        self._left -= len(data)
        return data.decode("ascii")

    def diagnostics(self, stderr: bytes, reason: str) -> str:
        """Return what a program or a compiler wrote to stderr, followed by how it ended.

        The beginning and the end are kept, because a compiler's first error and an interpreter's
        last line are what people need.
        """
        if len(stderr) > _DIAGNOSTICS:
            half = _DIAGNOSTICS // 2
            left_out = len(stderr) - 2 * half
            text = f"{_text(stderr[:half])}\n[{left_out} bytes left out]\n{_text(stderr[-half:])}"
        else:
            text = _text(stderr)
        return "\n".join(part for part in (text.rstrip(), reason) if part)

    def file(self, beginning: bytes, size: int) -> str:
        """Return a test file's text, its first 64 KiB; ``size`` is that of the whole file."""
        text = self.output(beginning)
        left_out = size - len(beginning)
        return f"{text}\n[{left_out} more bytes in the file]" if left_out else text


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
