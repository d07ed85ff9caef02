"""Waking up when a child ends: SIGCHLD as a readable descriptor, without a thread or a handler."""

import os
import signal

from berm_cell import _syscalls as sys_

_SIGNALFD_INFO = 128
"""Bytes of struct signalfd_siginfo; signals of one number that wait are one."""


class ChildEvents:
    """While it is open, ``fd`` becomes readable whenever a child of this process ends.

    The signal is blocked from here on, in every child as well until that takes it back.
    """

    def __init__(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        self.fd = sys_.new_signal_fd(signal.SIGCHLD)

    def clear(self):
        """Forget what was signalled so far; reap afterwards."""
        try:
            os.read(self.fd, _SIGNALFD_INFO)
        except BlockingIOError:
            pass
