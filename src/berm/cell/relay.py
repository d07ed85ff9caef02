"""Two cells that talk: each one's output is the other's input, and the host carries every byte.

Connected directly, two programs would share a pipe that nobody caps, counts or records, and which
of them hung up first could not be told. The host reads each side into a bounded buffer, writes it
on, keeps a transcript, and notes when each side fell silent and when it closed its output.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Callable
from typing import Final

from berm.cell.output import share

BUFFER: Final = 64 * 1024
"""Bytes under way to one side, on top of what its pipe holds; a writer further ahead waits, as it
would on a pipe."""

TRANSCRIPT: Final = 64 * 1024
"""Bytes of the conversation that are kept, both sides together."""

_ENTRIES: Final = 4096
_CHUNK: Final = 16 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """One piece of a conversation: seconds since its start, which side, and the bytes."""

    seconds: float
    side: str
    data: bytes


class Side:
    """One program's end of a relay, in the place of its standard input and output.

    ``stdin`` and ``stdout`` are the descriptors for the cell, which closes them once it has them.

    Attributes:
        size: bytes that this side wrote.
        closed_at: seconds into the conversation when it closed its output (or ended), else None.
        flooded: True if it wrote more than it may; it was ended for that.
    """

    def __init__(self, relay: Relay, name: str, flood: int) -> None:
        """Made by :class:`Relay` alone."""
        self.name = name
        self.size = 0
        self.closed_at: float | None = None
        self.flooded = False
        self.stdin, self._into = os.pipe2(os.O_CLOEXEC)
        self._from, self.stdout = os.pipe2(os.O_CLOEXEC)
        for fd in (self._into, self._from):
            os.set_blocking(fd, False)
        for fd in (self.stdin, self.stdout):
            share(fd)
        self._relay = relay
        self._flood = flood
        self._pending = bytearray()
        self._deaf = False
        self._ended = False
        self._end: Callable[[], None] | None = None
        self._loop = relay.loop
        self._reading = False
        self._writing = False

    def begin(self, end: Callable[[], None]) -> None:
        """Called by the cell: ``end`` ends its run, and still lets it report."""
        self._end = end
        if self._ended:
            end()

    def end(self) -> None:
        """End this side's program; harmless when it is over, or has not begun."""
        self._ended = True
        if self._end is not None:
            self._end()

    def read(self) -> None:
        """Start to carry what this side writes to the other."""
        if not self._reading and self._from >= 0 and self.closed_at is None:
            self._reading = True
            self._loop.add_reader(self._from, self._turn)

    def _turn(self) -> None:
        other = self._relay.other(self)
        try:
            data = os.read(self._from, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._pause()
            self.closed_at = self._relay.seconds()
            other.hang_up()
            return
        self.size += len(data)
        self._relay.note(self, data)
        if self.size > self._flood and not self.flooded:
            self.flooded = True
            self.end()
        other.hear(data)
        if len(other._pending) >= BUFFER:  # noqa: SLF001 - the two sides of one relay
            self._pause()

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._from)

    def hear(self, data: bytes) -> None:
        """Take bytes for this side's input.

        Once its reader is gone they are dropped, not refused: whoever still writes to a program
        that has ended is not to die of it.
        """
        if not self._deaf:
            self._pending += data
            self._write()

    def hang_up(self) -> None:
        """End this side's input after what is still under way."""
        if not self._pending:
            self._close_input()

    def _write(self) -> None:
        while self._pending and self._into >= 0:
            try:
                written = os.write(self._into, self._pending)
            except BlockingIOError:
                if not self._writing:
                    self._writing = True
                    self._loop.add_writer(self._into, self._write)
                return
            except OSError:
                self._deaf = True
                self._pending.clear()
                self._close_input()
                break
            del self._pending[:written]
        if self._writing and self._into >= 0:
            self._writing = False
            self._loop.remove_writer(self._into)
        other = self._relay.other(self)
        if other.closed_at is not None:
            self._close_input()
        else:
            other.read()

    def _close_input(self) -> None:
        if self._into >= 0:
            if self._writing:
                self._writing = False
                self._loop.remove_writer(self._into)
            os.close(self._into)
            self._into = -1

    def sent(self) -> None:
        """The cell has its descriptors: close the host's copies, so that ends can be seen."""
        for fd in (self.stdin, self.stdout):
            if fd >= 0:
                os.close(fd)
        self.stdin = self.stdout = -1

    def close(self) -> None:
        """Close everything."""
        self._pause()
        self._close_input()
        self.sent()
        if self._from >= 0:
            os.close(self._from)
            self._from = -1


class Relay:
    """The conversation of two cells. Both sides must be given to runs of one event loop.

    Args:
        names: what the two sides are called in the transcript.
        floods: bytes that each may write before it is ended.
    """

    def __init__(self, names: tuple[str, str], floods: tuple[int, int]) -> None:
        self.loop = asyncio.get_running_loop()
        self._began = self.loop.time()
        self._transcript: list[Said] = []
        self._kept = 0
        self.last = 0.0
        """Seconds into the conversation when a byte last moved."""
        self.cut = False
        """True if the transcript misses something."""
        self.left = Side(self, names[0], floods[0])
        try:
            self.right = Side(self, names[1], floods[1])
        except OSError:
            self.left.close()
            raise
        self.left.read()
        self.right.read()

    def other(self, side: Side) -> Side:
        """Return the side across."""
        return self.right if side is self.left else self.left

    def seconds(self) -> float:
        """Return the seconds since the relay was made."""
        return self.loop.time() - self._began

    def note(self, side: Side, data: bytes) -> None:
        """Add to the transcript, up to its bound."""
        self.last = self.seconds()
        kept = data[: TRANSCRIPT - self._kept]
        if len(kept) < len(data) or len(self._transcript) >= _ENTRIES:
            self.cut = True
        if kept and len(self._transcript) < _ENTRIES:
            self._kept += len(kept)
            self._transcript.append(Said(self.last, side.name, kept))

    @property
    def transcript(self) -> tuple[Said, ...]:
        """What was said, in the order in which the host heard it."""
        return tuple(self._transcript)

    def close(self) -> None:
        """Let go of every descriptor."""
        self.left.close()
        self.right.close()
