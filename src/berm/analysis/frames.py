"""The frames between the analyser and its child: a length, then JSON; both ends cap what they take."""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Final

MAX_FRAME: Final = 4 * 1024 * 1024
_HEAD: Final = struct.Struct("<I")


class BrokenFrameError(Exception):
    """The other end closed, or sent what is no frame."""


def send(fd: int, value: object, body: bytes = b"") -> None:
    """Write a frame: a JSON head, then raw bytes."""
    head = json.dumps(value, ensure_ascii=True).encode()
    data = _HEAD.pack(len(head)) + _HEAD.pack(len(body)) + head + body
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def receive(fd: int) -> tuple[Any, bytes]:
    """Read a frame.

    Raises:
        BrokenFrameError: there is none, or it is larger than any may be.
    """
    sizes = _exactly(fd, 2 * _HEAD.size)
    head, body = (_HEAD.unpack_from(sizes, offset)[0] for offset in (0, _HEAD.size))
    if head > MAX_FRAME or body > MAX_FRAME:
        raise BrokenFrameError(f"a frame of {head} + {body} bytes")
    try:
        value = json.loads(_exactly(fd, head))
    except (ValueError, RecursionError) as error:
        raise BrokenFrameError(f"no JSON: {error}") from error
    return value, _exactly(fd, body)


def _exactly(fd: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            raise BrokenFrameError("the other end closed")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
