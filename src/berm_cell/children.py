"""Waking up when a child ends: SIGCHLD turned into a readable descriptor, without a thread.

``_signal`` is ``signal`` without the enumerations that it makes of every argument and result.
"""

import _signal as signal  # pyright: ignore[reportMissingImports]
import os


class ChildEvents:
    """While it is open, ``fd`` becomes readable whenever a child of this process ends."""

    def __init__(self):
        self.fd, self._write = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write, False)
        signal.signal(signal.SIGCHLD, _noted)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def clear(self):
        """Forget what was signalled so far; reap afterwards."""
        try:
            while os.read(self.fd, 512):
                pass
        except BlockingIOError:
            pass


def forget():
    """Give SIGCHLD back; for a forked child, whose descriptors are closed anyway."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _noted(_number, _frame):
    """The wake-up descriptor is written only for signals that have a handler."""
