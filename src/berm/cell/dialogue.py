"""A run that somebody talks to: input while it runs, signals, and a terminal where one is wanted.

The terminal is a pty of the run's own. It is never the controlling terminal of anything: the
program's session has none and may not get one (``TIOCSCTTY`` is refused by the filter, as are
``TIOCSTI`` and ``TIOCLINUX``), and the host only ever reads and writes the master. So nothing that a
program does to its terminal reaches a shell, and the kernel sends no signal for a key; what the
line discipline would have sent, the host asks the cell's agent for.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Callable
from typing import Final

from berm.cell.output import share
from berm.errors import BusyError, CellError, InputError
from berm.model import KIB

SIGNALS: Final = frozenset(
    {
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGKILL,
        signal.SIGWINCH,
    }
)
"""What a program may be sent from outside. None that stops it: a stopped program only waits for its limit."""

PENDING: Final = 256 * KIB
"""Bytes of input that wait for a program that does not read."""

TERMINAL: Final = "xterm-256color"
"""What a terminal is called to its program (``TERM``)."""

_EARLY_SIGNALS: Final = 16
_LARGEST_SIDE: Final = 1000
_KEYS: Final = ((termios.VINTR, signal.SIGINT), (termios.VQUIT, signal.SIGQUIT))
_LOCAL, _CONTROL = 3, 6  # places in what tcgetattr returns


class Dialogue:
    """One conversation with one run; pass it to :meth:`berm.Engine.execute`.

    What is said before the run begins waits for it; what is said after its end is dropped.

    Args:
        terminal: ``(columns, rows)`` for a terminal as standard input, output and error in one;
            None for pipes.

    Raises:
        InputError: a size outside 1 to 1000.
    """

    def __init__(self, terminal: tuple[int, int] | None = None) -> None:
        self.terminal = _checked(terminal) if terminal is not None else None
        self.read_end = -1
        self._write_end = -1
        self._pending = bytearray()
        self._ended = False
        self._open = False
        self._over = False
        self._last = b"\n"
        self._early: list[int] = []
        self._tell: Callable[[int], None] = self._early.append
        self._room = asyncio.Event()
        self._room.set()
        self._loop = asyncio.get_running_loop()

    # --- what a caller says ---------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Type ``data``. Keys that mean a signal to the terminal (Ctrl-C, for one) send it.

        Raises:
            BusyError: 256 KiB wait already; the program does not read. See :meth:`room`.
        """
        if self._over or self._ended or not data:
            return
        if len(self._pending) + len(data) > PENDING:
            raise BusyError("The program does not read its input.", retry_after=1)
        self._pending += data
        self._last = data[-1:]
        if len(self._pending) > PENDING // 2:
            self._room.clear()
        if self._open:
            self._send_keys(data)
            self._turn()

    async def room(self) -> None:
        """Wait until at most half of what may wait does, or the run is over."""
        await self._room.wait()

    def end_input(self) -> None:
        """Say that no more input comes: the program sees the end of its input."""
        if self.terminal is not None:
            # The end of a line that was begun only hands the line over; the second one is the end.
            self.write(b"\x04" if self._last == b"\n" else b"\x04\x04")
        self._ended = True
        if self._open:
            self._turn()

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, and tell the program by SIGWINCH; nothing without one."""
        if self.terminal is None:
            return
        self.terminal = _checked((columns, rows))
        if self._open and not self._over:
            self._set_size()
            self._tell(signal.SIGWINCH)

    def signal(self, number: int) -> None:
        """Send a signal to the program and what runs in its process group.

        Raises:
            InputError: not one of ``berm.cell.dialogue.SIGNALS``.
        """
        if number not in SIGNALS:
            known = ", ".join(sorted(one.name for one in SIGNALS))
            raise InputError(f"Signal {number} cannot be sent.", remedy=f"Send one of: {known}.")
        if not self._over and (self._open or len(self._early) < _EARLY_SIGNALS):
            self._tell(number)

    # --- what the cell's host side does ---------------------------------------------------

    def open(self, tell: Callable[[int], None]) -> tuple[int, int]:
        """Make the streams; ``read_end`` is for the cell, and the caller's to close.

        ``tell`` sends a signal to the program. Returns the descriptors of its output, the host's
        end (non-blocking) and the cell's.

        Raises:
            CellError: no terminal can be made here.
        """
        if self._open:
            raise CellError("A dialogue is for one run.")
        if self.terminal is None:
            self.read_end, self._write_end = os.pipe2(os.O_CLOEXEC)
            out_read, out_write = os.pipe2(os.O_CLOEXEC)
            share(self.read_end)
            share(out_write)
        else:
            try:
                self._write_end, self.read_end = os.openpty()
            except OSError as error:
                raise CellError(
                    f"No terminal can be made here: {error.strerror}.",
                    errno=error.errno or 0,
                    remedy="Use pipes, or mount a devpts at /dev/pts for the service.",
                ) from error
            out_read, out_write = os.dup(self._write_end), os.dup(self.read_end)
            self._set_size()
        os.set_blocking(self._write_end, False)
        os.set_blocking(out_read, False)
        early, self._tell, self._open = self._early, tell, True
        self._loop.call_soon(self._catch_up, early)
        return out_read, out_write

    def close(self) -> None:
        """End the conversation; what still waits is dropped."""
        self._over = True
        self._room.set()
        self._hang_up()

    def _catch_up(self, early: list[int]) -> None:
        """Hand on what was said before there was a run."""
        if self._over:
            return
        for number in early:
            self._tell(number)
        self._send_keys(bytes(self._pending))
        self._turn()

    def _turn(self) -> None:
        """Write as much as the stream takes; the loop calls again while something is left."""
        if self._write_end < 0:
            return
        try:
            while self._pending:
                del self._pending[: os.write(self._write_end, self._pending)]
        except BlockingIOError:
            pass
        except OSError:  # the program closed its input, or is gone
            self._pending.clear()
            self._hang_up()
        if len(self._pending) <= PENDING // 2:
            self._room.set()
        if self._write_end < 0:
            return
        if self._pending:
            self._loop.add_writer(self._write_end, self._turn)
            return
        self._loop.remove_writer(self._write_end)
        if self._ended and self.terminal is None:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._write_end >= 0:
            self._loop.remove_writer(self._write_end)
            os.close(self._write_end)
            self._write_end = -1

    def _send_keys(self, data: bytes) -> None:
        if self.terminal is None or self._write_end < 0:
            return
        modes = termios.tcgetattr(self._write_end)
        if modes[_LOCAL] & termios.ISIG:
            for place, number in _KEYS:
                if modes[_CONTROL][place] in (data[i : i + 1] for i in range(len(data))):
                    self._tell(number)

    def _set_size(self) -> None:
        assert self.terminal is not None  # noqa: S101 - callers looked
        columns, rows = self.terminal
        with contextlib.suppress(OSError):  # the program is gone
            fcntl.ioctl(
                self._write_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0)
            )


def _checked(size: tuple[int, int]) -> tuple[int, int]:
    if not all(1 <= side <= _LARGEST_SIDE for side in size):
        raise InputError(
            f"A terminal of {size[0]} columns and {size[1]} rows cannot be made.",
            remedy=f"Give columns and rows from 1 to {_LARGEST_SIDE}.",
        )
    return size
