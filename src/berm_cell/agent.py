"""The agent: a warden with one run, where only an ancestor can gather a run's processes.

Where there is no pid namespace and programs may have children (a compiler's passes), each run gets
a process between the fork server and the program: in a session of its own, a child subreaper, in
a Landlock signal scope of its own where the kernel has one. Every process of the run is its
descendant, and ``kill(-1)`` reaches the run and nothing else; below that ABI it stops, then kills,
what ``/proc`` shows as its descendants.
"""

import _socket
import os
import signal
import time

from berm_cell import _syscalls as sys_
from berm_cell import bundle, cells, protocol, rundir, steps, warden

REAP_ROUNDS = 10_000
"""Bound of the stop-and-kill loop; 340 re-forking processes needed 17 rounds."""


class AgentWarden(warden.Warden):
    """Watches the one run that is all below it."""

    def __init__(self, cell, tell, hear):
        super().__init__(tell, hear)
        self._cell = cell
        self._kill_all = cell["kill_all"]

    def order(self, message):
        """Follow what the host says, by way of the fork server."""
        if message["op"] == "room":
            self._resize_disk(message["disk"])
            self.tell({"op": "room", "id": message["id"]})
            return
        super().order(message)
        if message["op"] == "watch" and not self._resize_disk(message["limits"]["disk"]):
            self.runs[message["id"]].stop("disk")

    def _resize_disk(self, size):
        """Give the run's file system another size; False if more is in use already."""
        if self._cell["mounts"] and size != self._cell["disk"]:
            try:
                steps.resize_disk(self._cell, size)
            except steps.StepFailed:
                return False
        return True

    def report(self, run):
        """Report the run, with what the host wants of its files."""
        message, fds = run.report(), []
        if run.collect is not None:
            memfd, rows, refused = bundle.collect(run.directories["work"], run.collect)
            message["files"] = rows
            message["refused"] = refused
            fds.append(memfd)
        self.tell(message, fds)

    def end_others(self, run):
        """Kill every process of the run and wait until the last one is reaped."""
        for _ in range(REAP_ROUNDS):
            if self._kill_all:
                try:
                    os.kill(-1, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    pass
            else:
                run.tree.stop_and_kill()
            try:
                while True:
                    pid, _status, usage = os.wait4(-1, 0 if self._kill_all else os.WNOHANG)
                    if pid == 0:
                        break
                    run.add(usage)
            except ChildProcessError:
                return
            time.sleep(0.001)

    def reaped_other(self, _pid, _status, usage):
        """An orphan that came to the agent."""
        for run in self.runs.values():
            run.add(usage)


def start(ground, order, host_fd):
    """Fork an agent; returns ``(pid, socket, None)`` of it, ``(0, None, request)`` in its program."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    if "pid-namespace" in ground.cell["layers"]:
        steps.enter_pid_namespace(ground.pid_namespace)
    with steps.step("fork"):
        pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours, None
    ours.detach()
    order_fds = [order.program_fd, order.cgroup_fd]
    keep = [0, 1, 2, theirs.fileno(), host_fd, *ground.confinement.descriptors, *order_fds]
    sys_.close_all_but([fd for fd in keep if fd >= 0])
    tell = _socket.socket(fileno=host_fd)
    try:
        request = _serve(ground, order, tell, theirs)
    except steps.StepFailed as failure:
        _tell(tell, dict(failure.frame(), id=order.number))
        os._exit(70)
    except BaseException as failure:
        text = "%s: %s" % (type(failure).__name__, failure)
        _tell(tell, {"op": "failed", "id": order.number, "step": "agent", "text": text[:500]})
        os._exit(70)
    if request is None:
        os._exit(0)
    return 0, None, request


def _serve(ground, order, tell, hear):
    """Make the cell and see its run to the end; returns the request in the program's process."""
    sys_.set_name("berm-agent")
    ground.confinement.address(order, {}, (-1, -1), 0)
    steps.enter_agent(ground.cell, ground.confinement.enter)
    keeper = AgentWarden(ground.cell, tell, hear.fileno())
    run, request = cells.make(ground, order, gathered=True)
    if run is None:
        return request
    protocol.close_all([order.program_fd] + ([order.cgroup_fd] if order.cgroup_fd >= 0 else []))
    keeper.adopt(run)
    try:
        while keeper.runs:
            heard, reap = keeper.wait()
            if heard:
                message, fds = protocol.receive_frame(hear)
                protocol.close_all(fds)
                keeper.order(message or {"op": "end", "id": order.number})
            keeper.tend(reap)
    except BaseException:
        keeper.end_others(run)
        raise
    finally:
        if run.run_dir is not None:
            rundir.remove(run.run_dir)
    return None


def _tell(sock, frame):
    try:
        protocol.send_frame(sock, frame)
    except (OSError, protocol.FrameError):
        pass
