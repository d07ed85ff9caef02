"""What the host says to a fork server: in order, and waiting where it cannot be taken at once.

A fork server takes frames between two cells that it makes. A few hundred small frames fit into the socket; what comes
in a burst, or while the machine is busy elsewhere, waits here, with its descriptors, until there is room.
"""

from __future__ import annotations

import asyncio
import collections
import errno
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from berm.errors import CellError
from berm_cell import protocol

MOST_WAITING: Final = 4096
"""Frames that wait at most: several for each cell that a fork server can have."""

_AGAIN_SECONDS: Final = 0.01


class Line:
    """One direction of a fork server's socket, which must be non-blocking. Lives on one event loop.

    Args:
        sock: the host's end.
        lost: called once if the fork server turns out to be gone while frames wait.
    """

    def __init__(self, sock: socket.socket, lost: Callable[[], None]) -> None:
        self._sock = sock
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._waiting: collections.deque[tuple[bytes, list[int]]] = collections.deque()
        self._timer: asyncio.TimerHandle | None = None
        self._watched = False

    @property
    def waiting(self) -> int:
        """How many frames wait."""
        return len(self._waiting)

    def say(
        self, message: Mapping[str, object], fds: Sequence[int] = (), *, now_or_never: bool = False
    ) -> None:
        """Send a frame, now or as soon as those before it were taken. The caller keeps its descriptors.

        Args:
            message: the frame.
            fds: descriptors that go with it.
            now_or_never: drop it where it would have to wait. For what a user can send any number of.

        Raises:
            CellError: too many wait already.
            OSError: the fork server is gone.
        """
        data = protocol.pack(message)
        if not self._waiting:
            try:
                protocol.send_packet(self._sock, data, fds)
            except OSError as error:
                if not _full(error):
                    raise
            else:
                return
        if now_or_never:
            return
        if len(self._waiting) >= MOST_WAITING:
            raise CellError(
                f"{MOST_WAITING} frames wait for the fork server.",
                remedy="The machine is overloaded, or the fork server was stopped.",
            )
        self._waiting.append((data, _copies(fds)))
        self._watch()

    def close(self) -> None:
        """Forget what waits. Call it before the socket is closed."""
        if self._watched:
            self._loop.remove_writer(self._sock.fileno())
            self._watched = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            protocol.close_all(self._waiting.popleft()[1])

    def _watch(self) -> None:
        if not self._watched:
            self._loop.add_writer(self._sock.fileno(), self._go_on)
            self._watched = True

    def _go_on(self) -> None:
        """Send what waits, while there is room."""
        while self._waiting:
            data, fds = self._waiting[0]
            try:
                protocol.send_packet(self._sock, data, fds)
            except OSError as error:
                if not _full(error):
                    self.close()
                    self._lost()
                elif not isinstance(error, BlockingIOError):
                    # Of this kind of room nothing tells when there is some.
                    self._loop.remove_writer(self._sock.fileno())
                    self._watched = False
                    self._timer = self._loop.call_later(_AGAIN_SECONDS, self._watch)
                return
            protocol.close_all(fds)
            self._waiting.popleft()
        self._loop.remove_writer(self._sock.fileno())
        self._watched = False


def _copies(fds: Sequence[int]) -> list[int]:
    copies: list[int] = []
    try:
        copies.extend(os.dup(fd) for fd in fds)
    except OSError as error:
        protocol.close_all(copies)
        raise CellError(
            "No descriptor is left for what must wait for the fork server.",
            errno=error.errno or 0,
            remedy="Raise the limit of open files (ulimit -n), or run fewer at a time.",
        ) from error
    return copies


def _full(error: OSError) -> bool:
    """Tell whether there is no room: in the socket, for descriptors under way, or for the kernel."""
    return isinstance(error, BlockingIOError) or error.errno in (errno.ETOOMANYREFS, errno.ENOBUFS)
