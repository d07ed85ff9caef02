"""Making a cell: fork what a run needs, from the fork server or from an agent.

See :mod:`berm_cell.warden` for the three ways in which a run's processes are gathered.
"""

import _socket
import collections
import os

from berm_cell import denials, protocol, rundir, steps, tree
from berm_cell import program as runner
from berm_cell.run import Run

Ground = collections.namedtuple("Ground", "cell pid_namespace init berth proc confinement ring")
"""What all cells of a fork server stand on: the plan's ``cell``, a descriptor of the server's own
pid namespace (-1 without one), the path of the init program, the server's directory on the host
(None where cells have mounts), a descriptor of the host's procfs (-1 where each cell has one of its
own), what confines their processes (:class:`berm_cell.confinement.Confinement`), and what pins pages
(:class:`berm_cell.hot.Ring`)."""

_SECOND = 2
"""The process id of a program in a pid namespace of its own, as it sees it."""

Order = collections.namedtuple("Order", "number owner program_fd cgroup_fd rehearses forks")
"""The host's order for a cell: its number, the program's (uid, gid), the socket on which the program
gets its request, the cell's ``cgroup.procs`` or -1, whether it is to rehearse a run before it parks, and
whether its process is forked where programs have a launcher (a canary is Python)."""


def make(ground, order, gathered):
    """Fork a cell's program; returns ``(run, None)``, and ``(None, request)`` in the program.

    Args:
        gathered: True in an agent, whose descendants are all of the run.

    Raises ``StepFailed``; nothing is left of the cell then.
    """
    cell = ground.cell
    run_dir, directories = None, {"work": cell.get("work"), "tmp": cell.get("tmp")}
    init_pid = 0
    if not cell["mounts"]:
        with steps.step("directories"):
            run_dir, directories = rundir.make(ground.berth.path, order.owner)
    if cell["gathers"] == "init":
        init_pid = steps.enter_new_pid_namespace(ground.init)
    line, line_end = _socketpair()
    exec_end, exec_pipe = -1, -1
    if not cell["in_process"]:
        exec_end, exec_pipe = os.pipe()
    hold, ends = ground.confinement, (line_end, exec_pipe)
    hold.address(order, directories, ends, 0 if init_pid else os.getpid())
    launched = hold.launches and not order.forks
    with steps.step("fork"):
        program = hold.launch(order, ends) if launched else os.fork()
    if program == 0:
        return None, runner.park(cell, order, hold)
    if init_pid:
        steps.return_to_pid_namespace(ground.pid_namespace)
    protocol.close_all(fd for fd in ends if fd >= 0)
    if launched:
        hold.instruct(order, line, _SECOND if init_pid else program)
    foreign = "uid" in cell["layers"] and "pid-namespace" not in cell["layers"]
    family = tree.ProcessTree(program, ground.proc, gathered, order.owner if foreign else None)
    run = Run(order.number, cell, program, init_pid, family, directories, run_dir)
    run.line, run.exec_end = line, exec_end
    run.explain, run.launched = hold.explain, launched
    if cell["notify"]:
        run.listener = denials.Listener(cell["answers"], cell["ending"])
    return run, None


def _socketpair():
    """A pair of plain descriptors: an object would close its own in the program."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    return ours.detach(), theirs.detach()
