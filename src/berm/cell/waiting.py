"""A runtime that was started in its cell before there is a program: the host's ends of it.

It has its three streams from the start, so that nothing has to be exchanged in a running process,
and a socket on which it says one byte once it waits, and then hears one packet: what to run. It
closes the socket before the first instruction of the program.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Sequence
from typing import Final

from berm.cell.files import Bundle
from berm.cell.output import Feed, share
from berm.errors import CellError

MESSAGE: Final = 96 * 1024
"""Bytes of the packet; what is larger (many arguments, large files) goes to a cell that was not
started. Linux takes packets up to the socket's send buffer (208 KiB by default)."""

_SPARE: Final = 8 * 1024
"""Room for the names of a cell's directories among the arguments."""

_COUNT: Final = struct.Struct(">I")


def fits(argv: Sequence[str], bundle: Bundle) -> bool:
    """True if the arguments and the files can be told in one packet, however a cell is called."""
    size = sum(len(item.encode("utf-8", "surrogateescape")) + 4 for item in argv)
    size += sum(12 + len(name.encode("utf-8")) + length for name, length, _ in bundle.rows)
    return size <= MESSAGE - _SPARE


def message(argv: Sequence[str], bundle: Bundle | None) -> bytes | None:
    """Return the packet: arguments, then files, each with its length; None if it is too large.

    Big-endian 32-bit numbers: the number of arguments, each one's length and bytes; the number of
    files, and for each the length and bytes of the name, the mode, the length and bytes of it.
    """
    parts: list[bytes] = [_COUNT.pack(len(argv))]
    for item in argv:
        raw = item.encode("utf-8", "surrogateescape")
        parts += [_COUNT.pack(len(raw)), raw]
    rows = bundle.rows if bundle is not None else ()
    size = sum(map(len, parts)) + 4
    size += sum(12 + len(name.encode("utf-8")) + length for name, length, _ in rows)
    if size > MESSAGE:
        return None
    parts.append(_COUNT.pack(len(rows)))
    offset = 0
    for name, length, mode in rows:
        raw = name.encode("utf-8")
        data = os.pread(bundle.fd, length, offset) if bundle is not None else b""
        parts += [_COUNT.pack(len(raw)), raw, _COUNT.pack(mode), _COUNT.pack(length), data]
        offset += length
    return b"".join(parts)


class Waiting:
    """The host's ends of one runtime that waits; used up by one run."""

    def __init__(self) -> None:
        """Make the streams and the socket; :attr:`cell_ends` go to the cell."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        stdin, self._stdin = os.pipe2(os.O_CLOEXEC)
        self._stdout, stdout = os.pipe2(os.O_CLOEXEC)
        self._stderr, stderr = os.pipe2(os.O_CLOEXEC)
        for fd in (stdin, stdout, stderr):
            share(fd)
        for fd in (self._stdout, self._stderr):
            os.set_blocking(fd, False)
        self.cell_ends: tuple[int, ...] = (stdin, stdout, stderr, theirs.detach())

    def sent(self) -> None:
        """Close the cell's ends, which it has, or never will have."""
        for fd in self.cell_ends:
            os.close(fd)
        self.cell_ends = ()

    async def ready(self) -> None:
        """Wait until the runtime waits; raises :class:`CellError` if it ends, or says anything else."""
        loop = asyncio.get_running_loop()
        try:
            said = await loop.sock_recv(self._control, 16)
        except OSError as error:
            raise CellError("A runtime ended before it waited for its program.") from error
        if said != b"p":
            raise CellError(
                "A runtime ended before it waited for its program.", meaning=self._told()
            )
        if told := self._told():
            raise CellError("A runtime wrote something before its program.", meaning=told)

    def _told(self) -> str:
        for fd in (self._stderr, self._stdout):
            try:
                if text := os.read(fd, 500):
                    return text.decode("utf-8", "replace")
            except BlockingIOError:
                continue
        return ""

    @property
    def alive(self) -> bool:
        """False once the runtime has ended."""
        try:
            return bool(self._control.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def streams(self, stdin: bytes) -> tuple[Feed, int, int]:
        """Return the feed of standard input, and the ends to read; all are the caller's now."""
        taken = (Feed(stdin, self._stdin), self._stdout, self._stderr)
        self._stdin = self._stdout = self._stderr = -1
        return taken

    def tell(self, argv: Sequence[str], bundle: Bundle | None) -> None:
        """Tell the runtime what to run; raises ``OSError`` if it is gone."""
        packet = message(argv, bundle)
        if packet is None:
            raise CellError("The program is too large for a runtime that waits.")
        self._control.send(packet, socket.MSG_NOSIGNAL)
        self._control.close()

    def close(self) -> None:
        """Close whatever nobody took; a runtime that still waits then ends."""
        self.sent()
        self._control.close()
        for fd in (self._stdin, self._stdout, self._stderr):
            if fd >= 0:
                os.close(fd)
        self._stdin = self._stdout = self._stderr = -1
