"""What the kernel refused: the warden answers for the program's filter, and remembers.

The filter sends the refusals that are worth telling to a listener (seccomp_unotify(2)). The
program's process installs it, passes the listener to the warden, and closes its own copy. The
warden answers every one with the error that the filter would have given; it never lets a refused
call go on, so that nothing depends on what it thinks. Without a listener the kernel itself
answers ENOSYS: the warden's death weakens nothing.

The call that ends a program asks too (``exit_group``). Its thread sleeps in the kernel by then; a
program that is one thread is over, and killing it there instead of waiting until its memory is
taken apart saves a third of the time of a small run.
"""

import errno
import fcntl
import struct

from berm_cell import protocol

_RECEIVE = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV (linux/seccomp.h)
_SEND = 0xC0182101  # SECCOMP_IOCTL_NOTIF_SEND
_GO_ON = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE, Linux 5.5
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")  # struct seccomp_notif
_RESPONSE = struct.Struct("=QqiI")  # struct seccomp_notif_resp

MAX_KINDS = 32
"""Different (syscall, first argument) pairs remembered of one run."""

MAX_ANSWERS = 2000
"""Refusals answered at once in one run; a program that goes on then waits for each next look."""


class Listener:
    """The listener of one run, and the tally.

    Args:
        answers: syscall number (as text) → errno.
        ending: the number of the call that ends a program, which is no refusal.
    """

    def __init__(self, answers, ending):
        self._answers = answers
        self._ending = ending
        self._tally = {}
        self.left = MAX_ANSWERS
        self.fd = -1

    def open(self, fd):
        """Take the descriptor that came from the program's process."""
        self.fd = fd

    def answer(self):
        """Answer one refused call, or return the ``(id, thread, code)`` of one that wants to end.

        Returns None for a refusal. Raises ``OSError`` when there will be nothing more.
        """
        buffer = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self.fd, _RECEIVE, buffer)
        except OSError as error:
            if error.errno in (errno.EINTR, errno.ENOENT):
                return None
            raise
        number, thread, _flags, call, _arch, _ip, first = _NOTIFICATION.unpack(buffer)[:7]
        if call == self._ending:
            return number, thread, first & 0xFF
        key = (call, first & 0xFFFFFFFF)
        if key in self._tally or len(self._tally) < MAX_KINDS:
            self._tally[key] = self._tally.get(key, 0) + 1
        self.left -= 1
        self._respond(number, -self._answers.get(str(call), errno.EPERM), 0)
        return None

    def let_end(self, number):
        """Let a call that ends a process go on; it has no argument that could change meanwhile."""
        self._respond(number, 0, _GO_ON)

    def _respond(self, number, error, flags):
        try:
            fcntl.ioctl(self.fd, _SEND, bytearray(_RESPONSE.pack(number, 0, error, flags)))
        except OSError as gone:
            if gone.errno != errno.ENOENT:  # ENOENT: the caller was killed meanwhile
                raise

    def close(self):
        """Answer no more."""
        if self.fd >= 0:
            protocol.close_all([self.fd])
            self.fd = -1

    def rows(self):
        """``[[syscall number, first argument, count], ...]``, most frequent first."""
        rows = [[call, first, count] for (call, first), count in self._tally.items()]
        return sorted(rows, key=lambda row: -row[2])
