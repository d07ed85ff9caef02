"""The template: a warm interpreter that does nothing but fork, in the way of no run.

The fork server watches its runs, and a fork of an interpreter takes a millisecond and more; and what
it writes to in its own memory, each process that it forked would share with it and have to copy. So it
forks one process, once, which goes as far as a program's process can before there is one, and then
waits in a script of system calls (:mod:`berm_cell.layers`) without a line of Python: for the word of
the next cell, which it forks as its sibling, so that the fork server is the parent.
"""

import _socket
import collections
import os
import select
import signal
import struct

from berm_cell import _syscalls as sys_
from berm_cell import cells, program, steps

PATIENCE = 15.0
"""Seconds that it may take to fork when somebody waits for it."""

NOT_FORKED = steps.StepFailed("fork", OSError(0, "the template could not fork"))

_PROCESS = struct.Struct("=i")


class Template:
    """The fork server's side of its template.

    Attributes:
        fd: readable when a cell has its process.
        pid: its own process id.
        pins: whether it has pinned what it was to pin.
    """

    def __init__(self, ground, sock, pid):
        self._ground = ground
        self._sock = sock
        self._pending = collections.deque()
        self.pins = False
        self.fd = sock.fileno()
        self.pid = pid

    def ask(self, order):
        """Have a cell made.

        Raises ``StepFailed``; ``EOFError`` if the template is gone; ``OSError`` if it cannot be asked
        now: anybody of the same user can have too many descriptors under way.
        """
        beginning = cells.begin(self._ground, order)
        hold = self._ground.confinement
        try:
            hold.instruct_template(self._sock, order, beginning.ends[0], beginning.namespace)
        except ConnectionError as error:
            raise EOFError("the template is gone") from error
        except OSError:
            beginning.give_up()
            raise
        beginning.handed_out()
        self._pending.append(beginning)

    def born(self):
        """Take the next cell that has its process; raises ``EOFError`` if the template is gone.

        Returns its number, and its :class:`berm_cell.run.Run`; None if it could not be forked.
        """
        process = self.answer()
        beginning = self._pending.popleft()
        if not process:
            beginning.give_up()
            return beginning.order.number, None
        return beginning.order.number, beginning.run(process, gathered=False)

    def answer(self):
        """Wait for what it says next; raises ``EOFError`` if it does not."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        data = self._sock.recv(_PROCESS.size) if poll.poll(PATIENCE * 1000) else b""
        if len(data) != _PROCESS.size:
            raise EOFError("the template is gone")
        return _PROCESS.unpack(data)[0]

    def make(self, order):
        """Have a cell made, and wait for it, while no other is; returns as :func:`berm_cell.cells.make`."""
        self.ask(order)
        run = self.born()[1]
        if run is None:
            raise NOT_FORKED
        return run, None

    def close(self):
        """End it."""
        self._sock.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def start(ground, pinned):
    """Fork a template; returns ``(template, None)``, and ``(None, request)`` in a program's process.

    Args:
        pinned: ranges of its memory to pin (:mod:`berm_cell.hot`).
    """
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid:
        theirs.close()
        made = Template(ground, ours, pid)
        made.pins = made.answer() != 0
        return made, None
    ours.detach()
    orders = theirs.detach()
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    sys_.set_name("berm-template")
    hold = ground.confinement
    done = bool(pinned) and ground.ring.pin(pinned)
    os.write(orders, _PROCESS.pack(done))
    hold.be_template(orders, ground.ring.fd if done else -1)
    return None, program.be_forked(ground.cell, hold)
