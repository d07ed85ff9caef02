"""What a program writes, read with a cap: kept up to it, drained and counted past it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

_CHUNK = 1 << 16
_CHUNKS_PER_TURN = 16
"""Bound of one turn, so that a flood does not keep the event loop from everybody else."""

_PATIENCE = 0.003
"""Seconds before output is read while the program runs: what it writes until then stays in the pipe, and who
writes more than a pipe holds waits that long once."""

PIPE_MODE = 0o666
"""A program may open its own streams again by name (``/dev/stdin``), and has another uid."""

Listener = Callable[[bytes], None]


def share(pipe: int) -> None:
    """Let a program of another uid open its end of a pipe by name (``/dev/stdin`` and its like)."""
    with contextlib.suppress(PermissionError):  # under gVisor the mode of a pipe stays as it is
        os.fchmod(pipe, PIPE_MODE)


class Capture:
    """One stream of one run."""

    def __init__(
        self,
        fd: int,
        cap: int,
        flood: int,
        on_flood: Callable[[], None],
        listener: Listener | None = None,
    ) -> None:
        """Read ``fd`` (owned from here on, non-blocking) and keep at most ``cap`` bytes.

        ``on_flood`` is called once when more than ``flood`` bytes have come; ``listener`` gets
        the kept bytes as they come.
        """
        self._fd = fd
        self._cap = cap
        self._flood = flood
        self._on_flood = on_flood
        self._listener = listener
        self._parts: list[bytes] = []
        self._kept = 0
        self._loop = asyncio.get_running_loop()
        self._reading = True
        self._registered = False
        self.size = 0
        self.flooded = False
        # Most runs are over before, and what they wrote waits in the pipe until the end.
        wait = 0.0 if listener is not None else _PATIENCE
        self._timer = self._loop.call_later(wait, self._begin)

    @property
    def data(self) -> bytes:
        """The bytes kept."""
        return b"".join(self._parts)

    @property
    def truncated(self) -> bool:
        """True if some bytes were dropped."""
        return self.size > self._kept

    def finish(self) -> None:
        """Read what is left; every writer is dead, so this ends."""
        while self._reading:
            self._turn(final=True)
        self.close()

    def close(self) -> None:
        """Stop reading and close the pipe."""
        if self._fd >= 0:
            self._stop()
            os.close(self._fd)
            self._fd = -1

    def _begin(self) -> None:
        if self._reading:
            self._registered = True
            self._loop.add_reader(self._fd, self._turn)

    def _stop(self) -> None:
        self._timer.cancel()
        self._reading = False
        if self._registered:
            self._registered = False
            self._loop.remove_reader(self._fd)

    def _turn(self, *, final: bool = False) -> None:
        for _ in range(_CHUNKS_PER_TURN):
            try:
                data = os.read(self._fd, _CHUNK)
            except BlockingIOError:
                if final:
                    self._stop()
                return
            except OSError:
                data = b""
            if not data:
                self._stop()
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        self.size += len(data)
        room = self._cap - self._kept
        if room > 0:
            kept = data[:room]
            self._kept += len(kept)
            self._parts.append(kept)
            if self._listener is not None:
                self._listener(kept)
        if self.size > self._flood and not self.flooded:
            self.flooded = True
            self._on_flood()


class Feed:
    """Standard input for one run: a pipe that holds all of it, or is fed as it empties."""

    PIPE_CAPACITY = 65536
    """Bytes that a new pipe takes without a reader (pipe(7))."""

    def __init__(self, data: bytes, write_end: int = -1) -> None:
        """Make the pipe; ``read_end`` is for the cell and stays the caller's to close.

        With ``write_end`` the cell has the other end already, and ``read_end`` is -1.
        """
        self.read_end, self._write_end = -1, write_end
        if write_end < 0:
            self.read_end, self._write_end = os.pipe2(os.O_CLOEXEC)
            share(self.read_end)
        self._rest = memoryview(data)
        self._loop: asyncio.AbstractEventLoop | None = None
        if len(data) <= self.PIPE_CAPACITY:
            if data:
                os.write(self._write_end, data)
            self.close()
        else:
            os.set_blocking(self._write_end, False)
            self._loop = asyncio.get_running_loop()
            self._loop.add_writer(self._write_end, self._turn)

    def close(self) -> None:
        """Stop feeding; the program sees the end of its input."""
        if self._write_end >= 0:
            if self._loop is not None:
                self._loop.remove_writer(self._write_end)
            os.close(self._write_end)
            self._write_end = -1

    def _turn(self) -> None:
        try:
            written = os.write(self._write_end, self._rest[: self.PIPE_CAPACITY])
        except BlockingIOError:
            return
        except OSError:  # the program closed its input
            self.close()
            return
        self._rest = self._rest[written:]
        if not self._rest:
            self.close()
