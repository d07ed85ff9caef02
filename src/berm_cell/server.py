"""The fork server: import, fork, reap, report. Single-threaded, no secrets, no network.

It hears frames on one socket, from the host alone:

* ``{"op": "cell", "id": n, "owner": [uid, gid]}`` with the cell's two sockets, and the
  ``cgroup.procs`` of its leaf if it has one: fork a cell.
* ``{"op": "kill", "id": n}``: the host's last resort against a cell whose agent is silent.
* end of file: exit, which ends every cell.

It says ``{"op": "ready"}`` once, ``{"op": "gone", "id": n}`` when a cell's agent was reaped,
and ``{"op": "failed"}`` with the step when the plan cannot be applied.
"""

import gc
import os
import select
import signal
import socket
import sys
import time

from berm_cell import _syscalls as sys_
from berm_cell import agent, canary, children, program, protocol, rundir, stack, steps, tree

LEAVE_TIMEOUT = 3.0
"""Seconds that the agents have to end their runs when the host is gone."""

ORPHAN_ROUNDS = 10_000


def serve(host_fd):
    """Serve until the host, at the other end of the socket ``host_fd``, is gone.

    Returns only in the process of a program that runs in-process, with what the bootstrap must
    execute: ``(code, namespace, finish, bottom)``.
    """
    host = socket.socket(fileno=host_fd)
    host.set_inheritable(False)
    try:
        ground, hidden = _prepare(host)
    except steps.StepFailed as failure:
        return _fail(host, failure.frame())
    except (OSError, protocol.FrameError, KeyError, TypeError, ValueError) as error:
        text = "%s: %s" % (type(error).__name__, error)
        return _fail(host, {"op": "failed", "step": "start", "errno": 0, "text": text[:500]})
    request = _loop(host, ground)
    if request["op"] == "canary":
        canary.run(request)
    if request["op"] == "hoard":
        canary.hoard(request["size"])
    if not ground.cell["in_process"]:
        program.execute(request)
    code, namespace = program.load(request, hidden)
    return code, namespace, program.finish, stack.bottom


def _prepare(host):
    """Apply the plan's part for the fork server, warm up, and say that it is ready."""
    frame, fds = protocol.receive_frame(host)
    protocol.close_all(fds)
    if frame is None:
        os._exit(0)
    plan = frame["plan"]
    cell = plan["cell"]
    outer_proc = -1
    if not cell["proc"]:  # the agents look at their runs through the one of the host
        outer_proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    inner, berth = steps.enter_berth(plan["berth"], lambda: _ask_for_ids(host))
    if inner:
        _stand_by(host, inner, berth)
    own_pid_namespace = -1
    if "pid-namespace" in cell["layers"] and cell["pid_setns"]:
        name = "/proc/self/ns/pid" if outer_proc < 0 else "self/ns/pid"
        flags = os.O_RDONLY | os.O_CLOEXEC
        own_pid_namespace = os.open(name, flags, dir_fd=None if outer_proc < 0 else outer_proc)
    hidden = _warm(plan["berth"])
    if berth is None and not cell["mounts"]:
        berth = rundir.Berth(cell["run_dir"])
    sys_.set_name("berm-forkserver")
    protocol.send_frame(host, {"op": "ready", "python": sys.version.split()[0]})
    return agent.Ground(cell, own_pid_namespace, berth, outer_proc), hidden


def _fail(host, frame):
    try:
        protocol.send_frame(host, frame)
    except (OSError, protocol.FrameError):
        pass
    os._exit(70)


def _ask_for_ids(host):
    """Wait until the host (root) has written the id maps of the new user namespace."""
    protocol.send_frame(host, {"op": "ids"})
    answer, fds = protocol.receive_frame(host)
    protocol.close_all(fds)
    if answer is None or answer.get("op") != "ids":
        raise OSError(0, "the host did not write the id maps")


def _stand_by(host, inner, home):
    """Outside the pid namespace: wait for the server inside, remove its root, and end with it."""
    host.close()
    sys_.set_name("berm-berth")
    while True:
        pid, status = os.waitpid(inner, 0)
        if pid == inner:
            if home is not None:
                home.remove()
            os._exit(0 if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0 else 70)


def _warm(berth):
    """Import what programs use most, then freeze it, so that forks share the pages.

    Returns the names of the launcher's own modules, which a program must not see.
    """
    for name in berth["preload"]:
        try:
            __import__(name)
        except ImportError:
            continue
    hidden = [m for m in sys.modules if m == "berm_cell" or m.startswith("berm_cell.")]
    gc.collect()
    gc.freeze()
    return hidden


def _loop(host, ground):
    """Fork and reap; returns the request in a program's process."""
    events = children.ChildEvents()
    poll = select.poll()
    poll.register(host.fileno(), select.POLLIN)
    poll.register(events.fd, select.POLLIN)
    cells = {}
    while True:
        for fd, _event in poll.poll():
            if fd == events.fd:
                events.clear()
                continue
            message, fds = protocol.receive_frame(host)
            if message is None:
                return _leave(cells, ground)
            if message["op"] == "kill":
                _kill(cells, message["id"])
                continue
            pid, request = _start(message, fds, ground)
            if request is not None:
                return request
            cells[pid] = message["id"]
        _reap(host, cells, ground)


def _start(message, fds, ground):
    owner = (int(message["owner"][0]), int(message["owner"][1]))
    agent_sock = socket.socket(fileno=fds[0])
    program_sock = socket.socket(fileno=fds[1])
    cgroup_fd = fds[2] if len(fds) > 2 else -1
    pid, request = agent.start(ground, agent_sock, program_sock, owner, cgroup_fd)
    if pid:
        agent_sock.close()
        program_sock.close()
        protocol.close_all(fds[2:])
    return pid, request


def _leave(cells, ground):
    """The host is gone: so are the cells, at once with a pid namespace, else by their agents."""
    if ground.berth is not None:
        deadline = time.monotonic() + LEAVE_TIMEOUT
        while cells and time.monotonic() < deadline:
            pid = os.waitpid(-1, os.WNOHANG)[0]
            if pid == 0:
                time.sleep(0.005)
            cells.pop(pid, None)
        for pid in cells:
            os.kill(pid, signal.SIGKILL)
        _kill_orphans((), ground)
        ground.berth.remove()
    os._exit(0)


def _kill_orphans(agents, ground):
    """End what an agent left that was itself killed: this process is a subreaper, so it is here."""
    if "pid-namespace" in ground.cell["layers"]:
        return  # the pid namespace ended with its init
    family = tree.ProcessTree(ground.proc, False)
    for _ in range(ORPHAN_ROUNDS):
        orphans = [pid for pid in family.children() if pid not in agents]
        if not orphans:
            return
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _kill(cells, number):
    for pid, known in cells.items():
        if known == number:
            os.kill(pid, signal.SIGKILL)


def _reap(host, cells, ground):
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        number = cells.pop(pid, None)
        if number is not None:
            if os.WIFSIGNALED(status):
                _kill_orphans(cells, ground)
            protocol.send_frame(host, {"op": "gone", "id": number})
