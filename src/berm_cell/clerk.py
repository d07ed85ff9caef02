"""What would keep the fork server from its runs is done by processes of its own, one for each task.

Clerks read what a finished run left, remove it, or change the size of its file system. They run no
code of the run's and follow no link of it.
"""

import _socket
import os
import select
import time

from berm_cell import _syscalls as sys_
from berm_cell import bundle, protocol

BURIED_AT_ONCE = 64

PAUSE = 0.02
"""Seconds between two burials: namespaces are given back in bulk, and off everybody's way."""


def start(mount_namespace, work):
    """Fork a clerk that does ``work()`` (inside a run's mounts, if a descriptor is given) and ends.

    Returns its process id; its exit status is 0 if it is done.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        sys_.set_name("berm-clerk")
        if mount_namespace >= 0:
            sys_.setns(mount_namespace, sys_.CLONE_NEWNS)
        work()
        code = 0
    finally:
        os._exit(code)
    raise AssertionError("unreachable")


def collect(run, message, tell):
    """Take out of a finished run what the host wants, and send it with the report."""
    memfd, rows, refused = bundle.collect(run.directories["work"], run.collect)
    tell(dict(message, files=rows, refused=refused), [memfd])


class Undertaker:
    """Gives back the namespaces of finished runs.

    The last descriptor of a mount namespace that is closed waits until every core has let go of
    its mounts (a grace period of the kernel's RCU, about a millisecond). Held past the end of the
    program, that is nobody's wait but this process's.
    """

    def __init__(self):
        self._sock, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            self._sock.close()
            _bury(theirs)
        theirs.close()
        self._sock.setblocking(False)

    def take(self, fds):
        """Hand descriptors over; the caller closes its own. With the queue full it waits itself."""
        if fds:
            try:
                sock = self._sock
                protocol.send_frame(sock, {}, fds)
            except OSError:
                pass


def _bury(sock):
    sys_.set_name("berm-undertaker")
    sys_.close_all_but([0, 1, 2, sock.fileno()])
    sock.setblocking(False)
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    while True:
        poll.poll()
        time.sleep(PAUSE)
        for _ in range(BURIED_AT_ONCE):
            try:
                data, fds = protocol.receive_packet(sock)
            except BlockingIOError:
                break
            except OSError:
                os._exit(70)
            if not data:
                os._exit(0)
            protocol.close_all(fds)
