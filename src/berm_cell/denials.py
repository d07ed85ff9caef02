"""What the kernel refused: the agent answers for the program's filter, and remembers.

The filter sends the refusals that are worth telling to a listener (seccomp_unotify(2)). The
program's process installs it, passes the listener to the agent, and closes its own copy. The
agent answers every one with the error that the filter would have given; it never lets a call
go on, so that nothing depends on what it thinks. Without a listener the kernel itself answers
ENOSYS: the agent's death weakens nothing.
"""

import errno
import fcntl
import socket
import struct

from berm_cell import protocol

_RECEIVE = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV (linux/seccomp.h)
_SEND = 0xC0182101  # SECCOMP_IOCTL_NOTIF_SEND
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")  # struct seccomp_notif
_RESPONSE = struct.Struct("=QqiI")  # struct seccomp_notif_resp

MAX_KINDS = 32
"""Different (syscall, first argument) pairs remembered of one run."""

MAX_ANSWERS = 2000
"""Answers in one run; then the listener is closed, and the kernel refuses by itself."""


def pair():
    """Make the socket pair over which the program's process passes the listener."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Listener:
    """The agent's end: the listener, and the tally."""

    def __init__(self, sock, answers):
        """Receive over ``sock``; ``answers`` is syscall number (as text) → errno."""
        self._sock = sock
        self._answers = answers
        self._left = MAX_ANSWERS
        self._tally = {}
        self.fd = -1

    def fileno(self):
        """The descriptor to poll: the socket until the listener has come, then the listener."""
        return self.fd if self.fd >= 0 else self._sock.fileno()

    def ready(self):
        """Take what is there; False when there will be nothing more."""
        if self.fd < 0:
            return self._accept()
        buffer = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self.fd, _RECEIVE, buffer)
        except OSError as error:
            return error.errno in (errno.EINTR, errno.ENOENT)
        number, _pid, _flags, call, _arch, _ip, first = _NOTIFICATION.unpack(buffer)[:7]
        key = (call, first & 0xFFFFFFFF)
        if key in self._tally or len(self._tally) < MAX_KINDS:
            self._tally[key] = self._tally.get(key, 0) + 1
        refused = self._answers.get(str(call), errno.EPERM)
        try:
            fcntl.ioctl(self.fd, _SEND, bytearray(_RESPONSE.pack(number, 0, -refused, 0)))
        except OSError as error:
            if error.errno != errno.ENOENT:  # ENOENT: the caller was killed meanwhile
                return False
        self._left -= 1
        return self._left > 0

    def _accept(self):
        try:
            message, fds = protocol.receive_frame(self._sock)
        except (OSError, protocol.FrameError):
            message, fds = None, []
        self._sock.close()
        if message is None or not fds:
            return False
        self.fd = fds[0]
        protocol.close_all(fds[1:])
        return True

    def close(self):
        """Answer no more."""
        if self.fd >= 0:
            protocol.close_all([self.fd])
            self.fd = -1

    def rows(self):
        """``[[syscall number, first argument, count], ...]``, most frequent first."""
        rows = [[call, first, count] for (call, first), count in self._tally.items()]
        return sorted(rows, key=lambda row: -row[2])
