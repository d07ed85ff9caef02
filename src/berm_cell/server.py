"""The fork server: import, fork, watch, reap, report. Single-threaded, no secrets, no network.

It hears frames on one socket, from the host alone:

* ``{"op": "cell", "id": n, "owner": [uid, gid], "urgent": false}`` with the program's socket, and the
  ``cgroup.procs`` of its leaf if it has one: make a cell; an urgent one has a program already.
* ``{"op": "watch", "id": n, "at": ..., "limits": {...}}``: the program has its request.
* ``{"op": "room", "id": n, "disk": bytes}``: enlarge its file system, and say so, before files come.
* ``{"op": "end", "id": n}``: the run, or the parked cell, is not wanted any more.
* end of file: exit, which ends every cell.

It says ``{"op": "ready"}`` once; of each cell ``parked``, then ``ended`` with what the run used, and
``gone`` when nothing is left of it (or ``"gone": true`` in the frame before); ``failed`` with the step
when a layer cannot be applied, for a cell with its number.
"""

import gc
import os
import signal
import socket
import sys

from berm_cell import _syscalls as sys_
from berm_cell import (
    agent,
    canary,
    carried,
    cells,
    confinement,
    hot,
    init,
    program,
    protocol,
    rundir,
    server_warden,
    stack,
    steps,
    template,
)

HEARD_AT_ONCE = 64
"""Orders taken in one turn before the runs are looked after again."""


def serve(host_fd):
    """Serve until the host, at the other end of the socket ``host_fd``, is gone.

    Returns only in the process of a program that runs in-process, with what the bootstrap must
    execute: ``(code, namespace, finish, bottom)``.
    """
    host = socket.socket(fileno=host_fd)
    host.set_inheritable(False)
    _heed_signals()
    try:
        ground = _prepare(host)
    except steps.StepFailed as failure:
        return _fail(host, failure.frame())
    except (OSError, protocol.FrameError, KeyError, TypeError, ValueError) as error:
        text = "%s: %s" % (type(error).__name__, error)
        return _fail(host, {"op": "failed", "step": "start", "errno": 0, "text": text[:500]})
    server = Server(host, ground)
    # Nothing of these is taken apart in a program's process: its signal handler is in force by then, and what
    # that raises in a finalizer (that of a socket, which says that it was not closed) is dropped by CPython.
    for thing in (host, ground, server):
        sys_.keep_for_ever(thing)
    request = server.serve()
    if request["op"] == "canary":
        canary.run(request)
    if request["op"] == "hoard":
        canary.hoard(request["size"])
    code, namespace = program.load(request)
    return code, namespace, program.finish, stack.bottom


def _heed_signals():
    """Take back what the service was told to ignore (by nohup, or a shell in the background).

    Programs would inherit it. What CPython itself ignores stays as it is.
    """
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


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
    ring = hot.Ring()
    inner, berth = steps.enter_berth(plan["berth"], lambda: _ask_for_ids(host))
    if inner:
        ring.close()
        _stand_by(host, inner, berth)
    own_pid_namespace = -1
    if "pid-namespace" in cell["layers"] and cell["pid_setns"]:
        name = "/proc/self/ns/pid" if outer_proc < 0 else "self/ns/pid"
        flags = os.O_RDONLY | os.O_CLOEXEC
        own_pid_namespace = os.open(name, flags, dir_fd=None if outer_proc < 0 else outer_proc)
    if berth is None and not cell["mounts"]:
        berth = rundir.Berth(cell["run_dir"])
    path, rooted = "", "pivot-root" in plan["berth"]["layers"]
    if cell["gathers"] == "init":
        path = init.PATH
        if not rooted:
            path = carried.path_of(carried.hold("init", init.IMAGE))
    hold = confinement.Confinement(cell, outer_proc, rooted)
    sys_.set_name("berm-forkserver")
    _warm(plan["berth"])
    protocol.send_frame(host, {"op": "ready", "python": sys.version.split()[0]})
    return cells.Ground(cell, own_pid_namespace, path, berth, hold.proc, hold, ring)


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
    """Import what programs use most, then freeze it, so that forks share the pages."""
    if berth["preload"]:
        program.import_threading()
    for name in berth["preload"]:
        try:
            __import__(name)
        except ImportError:
            continue
    # The launcher's own modules, which no program is to see, nor to pay for taking apart.
    for name in [m for m in sys.modules if m == "berm_cell" or m.startswith("berm_cell.")]:
        sys_.keep_for_ever(sys.modules.pop(name))
    stack.prepare()
    gc.collect()
    gc.freeze()
    gc.disable()


class Server:
    """The loop: orders from the host, and a warden for the cells made."""

    def __init__(self, host, ground):
        self._host = host
        self._ground = ground
        self._warden = server_warden.ServerWarden(host, ground)
        cell = ground.cell
        self._learns = cell["in_process"] and cell["gathers"] != "agent" and ground.ring.works
        self._template = None
        self._kept = ()

    def serve(self):
        """Serve until the host is gone; returns the request in a program's process."""
        keeper = self._warden
        if self._ground.confinement.templates:
            request = self._start_template([])
            if request is not None:
                return request
        while True:
            heard, reap = keeper.wait()
            if heard:
                for _ in range(HEARD_AT_ONCE):
                    try:
                        message, fds = protocol.receive_frame(self._host, protocol.MSG_DONTWAIT)
                    except BlockingIOError:
                        break
                    if message is None:
                        return self._leave()
                    if message["op"] != "cell":
                        protocol.close_all(fds)
                        keeper.order(message)
                        continue
                    request = self._make(message, fds)
                    if request is not None:
                        return request
            keeper.tend(reap)

    def _make(self, message, fds):
        """Make a cell; returns the request in its program's process, None here."""
        owner = (int(message["owner"][0]), int(message["owner"][1]))
        cgroup = fds[1] if len(fds) > 1 else -1
        urgent = bool(message.get("urgent"))
        if self._learns and not urgent and not self._warden.expecting:
            self._learns = False
            # Else every program's process, which returns from here, would take them apart.
            self._kept = (message, fds, owner)
            request = self._learn(owner)
            if request is not None:
                return request
        rehearses = not urgent and not self._warden.copied
        forks = bool(message.get("forks"))
        order = cells.Order(int(message["id"]), owner, fds[0], cgroup, rehearses, forks)
        request = None
        try:
            if self._ground.cell["gathers"] == "agent":
                pid, sock, request = agent.start(self._ground, order, self._host.fileno())
                if pid:
                    self._warden.add_agent(order.number, pid, sock)
            elif not self._ask_template(order):
                run, request = cells.make(self._ground, order, gathered=False)
                if run is not None:
                    self._warden.adopt(run)
        except steps.StepFailed as failure:
            self._warden.not_made(order.number, failure)
        if request is None:
            protocol.close_all(fds)
        return request

    def _start_template(self, pinned):
        """Start a template, in the place of the one there is; returns the request in a program's process."""
        made, request = template.start(self._ground, pinned)
        if made is None:
            return request
        if self._template is not None:
            self._template.close()
        self._template = made
        self._warden.heed(made)
        return None

    def _ask_template(self, order):
        """Have the template make a cell; False if there is none, or it cannot be asked now."""
        if self._template is None:
            return False
        try:
            self._template.ask(order)
        except OSError:
            return False
        self._warden.expect(order.number)
        return True

    def _learn(self, owner):
        """Have what all cells write to copied by their forks; returns the request in a program's process."""
        made = self._template
        make = made.make if made is not None else self._fork
        ranges, request = hot.learn(self._ground, owner, make)
        self._kept += (made, make, ranges)
        if request is None and ranges and made is not None:
            request = self._start_template(ranges)
            made = self._template
        if request is not None or not ranges:
            return request
        if made.pins if made is not None else self._ground.ring.pin(ranges):
            self._warden.copied = sum(size for _, size in ranges)
        return None

    def _fork(self, order):
        return cells.make(self._ground, order, gathered=False)

    def _leave(self):
        """The host is gone: so are the cells, at once with a pid namespace, else one by one."""
        if self._ground.berth is not None:
            self._warden.end_all()
            self._ground.berth.remove()
        os._exit(0)
