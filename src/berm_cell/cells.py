"""Making a cell: its directories, its pid namespace, and the process of its program.

See :mod:`berm_cell.warden` for the three ways in which a run's processes are gathered. The process is
forked from a template (:mod:`berm_cell.template`), is the launcher (:mod:`berm_cell.machine`), or is
forked here: in an agent, and where there is neither.
"""

import _socket
import collections
import os
import signal

from berm_cell import denials, protocol, rundir, steps, tree
from berm_cell import program as runner
from berm_cell.run import Run

Ground = collections.namedtuple("Ground", "cell pid_namespace init berth proc confinement ring")
"""What all cells of a fork server stand on: the plan's ``cell``, a descriptor of the server's own
pid namespace (-1 without one), the path of the init program, the server's directory on the host
(None where cells have mounts), a descriptor of the host's procfs (-1 where each cell has one of its
own), what confines their processes (:class:`berm_cell.confinement.Confinement`), and what pins pages
(:class:`berm_cell.hot.Ring`)."""

Order = collections.namedtuple("Order", "number owner program_fd cgroup_fd rehearses forks")
"""The host's order for a cell: its number, the program's (uid, gid), the socket on which the program
gets its request, the cell's ``cgroup.procs`` or -1, whether it is to rehearse a run before it parks, and
whether its process is forked where programs have a launcher (a canary is Python)."""


class Beginning:
    """A cell without a process: what is there before it.

    Args:
        ground: what it stands on.
        order: the host's for it.

    Attributes:
        ends: what its process is to have of the line to the warden and of the pipe that an exec
            closes, -1 without one. Raises ``StepFailed``; nothing is left of the cell then.
    """

    def __init__(self, ground, order):
        self.order = order
        self._ground, self._cell = ground, ground.cell
        self._run_dir = None
        self._directories = {"work": self._cell.get("work"), "tmp": self._cell.get("tmp")}
        self.init, self.namespace = 0, -1
        if not self._cell["mounts"]:
            with steps.step("directories"):
                made = rundir.make(ground.berth.path, order.owner)
            self._run_dir, self._directories = made
        self._line = self._exec_end = -1
        self.ends = (-1, -1)
        try:
            with steps.step("descriptors"):
                self._line, line_end = _socketpair()
                self.ends = (line_end, -1)
                if not self._cell["in_process"]:
                    self._exec_end, exec_pipe = os.pipe()
                    self.ends = (line_end, exec_pipe)
        except steps.StepFailed:
            self.give_up()
            raise

    def address(self):
        """Put what is this cell's own into the script that confines it."""
        parent = 0 if self._cell["gathers"] == "init" else os.getpid()
        self._ground.confinement.address(self.order, self._directories, self.ends, parent)

    def handed_out(self):
        """Its process has what it is to have."""
        protocol.close_all(fd for fd in (*self.ends, self.namespace) if fd >= 0)
        self.ends, self.namespace = (-1, -1), -1

    def instruct(self, process):
        """Tell its launcher how to be confined."""
        inside = steps.SECOND if self.init else process
        self._ground.confinement.instruct(self.order, self._line, inside)

    def run(self, process, gathered, launched=False):
        """The cell with its process, as a :class:`berm_cell.run.Run`.

        Args:
            process: the process id.
            gathered: True in an agent, whose descendants are all of the run.
            launched: whether it is the launcher.
        """
        cell, ground = self._cell, self._ground
        foreign = "uid" in cell["layers"] and "pid-namespace" not in cell["layers"]
        owner = self.order.owner if foreign else None
        family = tree.ProcessTree(process, ground.proc, gathered, owner)
        run = Run(
            *(self.order.number, cell, process, self.init, family),
            *(self._directories, self._run_dir),
        )
        run.line, run.exec_end = self._line, self._exec_end
        run.explain, run.launched = ground.confinement.explain, launched
        if cell["notify"]:
            run.listener = denials.Listener(cell["answers"], cell["ending"])
        return run

    def give_up(self):
        """There will be no process."""
        self.handed_out()
        protocol.close_all(fd for fd in (self._line, self._exec_end) if fd >= 0)
        if self.init:
            os.kill(self.init, signal.SIGKILL)
            os.waitpid(self.init, 0)
        if self._run_dir is not None:
            rundir.remove(self._run_dir)


def begin(ground, order):
    """Make all of a cell but its process, which a template is to make."""
    beginning = Beginning(ground, order)
    if ground.cell["gathers"] == "init":
        try:
            made = steps.new_pid_namespace(ground.init, ground.pid_namespace)
        except steps.StepFailed:
            beginning.give_up()
            raise
        beginning.namespace, beginning.init = made
    beginning.address()
    return beginning


def make(ground, order, gathered):
    """Make a cell; returns ``(run, None)``, and ``(None, request)`` in the program's process.

    Args:
        gathered: True in an agent, whose descendants are all of the run.

    Raises ``StepFailed``; nothing is left of the cell then.
    """
    beginning, hold = Beginning(ground, order), ground.confinement
    within = ground.cell["gathers"] == "init"
    launched = hold.launches and not order.forks
    try:
        if within:
            beginning.init = steps.enter_new_pid_namespace(ground.init)
        beginning.address()
        with steps.step("fork"):
            process = hold.launch(order, beginning.ends) if launched else os.fork()
    except steps.StepFailed:
        beginning.give_up()
        if within:
            steps.return_to_pid_namespace(ground.pid_namespace)
        raise
    if process == 0:
        return None, runner.park(ground.cell, order, hold)
    if within:
        steps.return_to_pid_namespace(ground.pid_namespace)
    beginning.handed_out()
    if launched:
        beginning.instruct(process)
    return beginning.run(process, gathered, launched), None


def _socketpair():
    """A pair of plain descriptors: an object would close its own in the program."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    return ours.detach(), theirs.detach()
