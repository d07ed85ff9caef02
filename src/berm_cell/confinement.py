"""Confining a cell's process: where its descriptors and its script are, and who runs that.

What is in the script is in :mod:`berm_cell.layers`. A process that was forked runs it in its own memory
before Python goes on there; a launcher is sent it.
"""

import _socket
import fcntl
import os
import signal
import struct

from berm_cell import _syscalls as sys_
from berm_cell import carried, launch, layers, machine, protocol, rules, script, steps

_BLOCK = 16
"""What a cell has from its fork server is numbered from here on, or higher where that is taken."""

_STOPPED = struct.Struct("=QQ")
_TOLD = struct.Struct("=Q")  # whether to rehearse

_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""What CPython ignores, and an exec keeps so."""


class Confinement:
    """What confines each program's process of a fork server.

    Args:
        cell: the plan's ``cell`` object.
        proc: a descriptor of a procfs of the host's, or -1 where each cell has its own. It is closed: the
            number to use from here on is ``proc`` of this object.
        rooted: whether cells have a root in which the launcher stands.

    Raises ``StepFailed`` if something that a layer needs is not there.
    """

    def __init__(self, cell, proc, rooted):
        self._cell = cell
        with steps.step("landlock"):
            landlock = rules.Landlock(cell["landlock"]) if cell["landlock"] is not None else None
        files = [fd for fd, _ in landlock.opened] if landlock is not None else []
        with steps.step("descriptors"):
            self._base = self._reserve(proc, files)
        self._end = self._base + layers.FILES + len(files)
        self.proc = self._base + layers.PROC if proc >= 0 else -1
        self._closes = sys_.has_close_range()
        self._launcher, self._kept = "", []
        if self._closes and not cell["in_process"] and script.IS_X86_64:
            self._launcher = machine.PATH if rooted else self._hold_launcher()
        with steps.step("machine"):
            reader = machine.code()
        warm = cell["in_process"] and cell["gathers"] != "agent"
        able = self._closes and reader is not None and sys_.CAN_FORK_ITSELF
        thread_id = sys_.thread_id_address() if warm and able else 0
        self.templates = bool(thread_id)
        self._layers = layers.Layers(
            *(cell, landlock, self._base, self.proc, self._closes), thread_id=thread_id
        )
        self._script = self._layers.script
        with steps.step("machine"):
            self._machine = machine.Machine(self._script, reader)
        self._size = len(self._script.image())
        self._machine.set("size", self._size)

    @property
    def descriptors(self):
        """What a process must keep open that is to make a cell."""
        return [*range(self._base, self._end), *self._kept]

    @property
    def launches(self):
        """Whether programs are started by the launcher, and not by a process that was forked."""
        return bool(self._launcher)

    def _hold_launcher(self):
        """The path of the launcher where there is no root for it; "" where no such file is executed."""
        try:
            fd = carried.hold("launch", machine.IMAGE)
        except OSError:
            return ""
        if not os.access(carried.path_of(fd), os.X_OK):  # vm.memfd_noexec
            os.close(fd)
            return ""
        # A launcher is executed when its own descriptors have the lowest numbers.
        self._kept.append(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, self._end))
        os.close(fd)
        return carried.path_of(self._kept[0])

    def _reserve(self, proc, files):
        """Move what each cell needs to numbers one after the other; returns the first."""
        count, base = layers.FILES + len(files), _BLOCK
        nothing = os.open("/", os.O_PATH | os.O_CLOEXEC)
        while any(_is_open(number) for number in range(base, base + count)):
            base += 1
        try:
            for offset in range(layers.FILES):
                os.dup2(nothing, base + offset, False)
        finally:
            os.close(nothing)
        moved = [(fd, base + layers.FILES + index) for index, fd in enumerate(files)]
        for fd, number in [*moved, (proc, base + layers.PROC)]:
            if fd >= 0:
                os.dup2(fd, number, False)
                os.close(fd)
        return base

    # --- before there is a process ----------------------------------------------------------------

    def address(self, order, directories, ends, parent):
        """Put in what is one cell's own.

        Args:
            order: the host's (:class:`berm_cell.cells.Order`).
            directories: absolute paths of the working and temporary directories.
            ends: the socket on which the cell says that it is parked, and a pipe that closes when it
                executes another program, or -1.
            parent: the process id of its parent as it sees it, 0 outside of its pid namespace.
        """
        it, (uid, gid) = self._machine, order.owner
        it.set("program", order.program_fd)
        it.set("line", ends[0])
        it.set("exec", ends[1])
        self._place_cgroup(order.cgroup_fd)
        it.set("parent", parent)
        it.set("uid", uid)
        it.set("gid", gid)
        for name, inside, outside in (
            ("uid", self._cell["uid"], uid),
            ("gid", self._cell["gid"], gid),
        ):
            text = b"%d %d 1" % (inside, outside)
            it.put(self._layers.maps[name], text)
            it.set(name + "-map", len(text))
        if not self._cell["mounts"]:
            for name, path in directories.items():
                it.put(self._layers.paths[name], os.fsencode(path) + b"\0")

    def launch(self, order, ends):
        """Start the launcher, which is to have the ends of :meth:`address`; returns its process id."""
        given = [fd for fd in (ends[0], order.program_fd, ends[1], order.cgroup_fd) if fd >= 0]
        # By way of numbers that none of them has, so that none takes the place of another.
        slots = (layers.PROGRAM, layers.EXEC, layers.LINE, layers.RING)
        pairs = [(fd, self._base + slot) for fd, slot in zip(given, slots)]
        pairs += [(number, layers.LOWEST + index) for index, (_fd, number) in enumerate(pairs)]
        # The same number twice means that an exec does not close it.
        pairs += [(fd, fd) for fd in range(self._base + layers.FILES, self._end)]
        if self.proc >= 0:
            pairs.append((self.proc, self.proc))
        return os.posix_spawn(
            *(self._launcher, ["launch"], {}),
            file_actions=[(os.POSIX_SPAWN_DUP2, *pair) for pair in pairs],
            setsigmask=(),
            setsigdef=_IGNORED,
        )

    def instruct(self, order, line, process):
        """Tell a launcher on the warden's end of its line how to be confined.

        Args:
            process: its process id as it sees it.
        """
        told = self._addressed(order, ("line", "program", "exec"), process)
        try:
            os.write(line, told)
        except ConnectionError:
            pass  # it was killed before it could read: the warden will reap it, and say so

    def instruct_template(self, sock, order, line, namespace):
        """Tell a template on its socket of a cell that it is to fork.

        Args:
            line: the cell's end of its line to the warden.
            namespace: a descriptor of the pid namespace that it is to be in, or -1 for the template's own.
        """
        fds, names = [line, order.program_fd], ["line", "program"]
        process = 0  # it finds out
        if namespace >= 0:
            fds.append(namespace)
            names.append("namespace")
            process = steps.SECOND
        if order.cgroup_fd >= 0:
            fds.append(order.cgroup_fd)
        it = self._machine
        it.put(self._layers.told, _TOLD.pack(order.rehearses))
        protocol.send_packet(sock, self._addressed(order, names, process), fds)

    def _addressed(self, order, names, process):
        """The script for a process that has descriptors of these names, one after the other."""
        it = self._machine
        if self._layers.filter is not None:
            self._layers.filter.name(it, process)
        for index, name in enumerate(names):
            it.set(name, layers.LOWEST + index)
        self._place_cgroup(layers.LOWEST + len(names) if order.cgroup_fd >= 0 else -1)
        line, end = self._base + layers.LINE, self._layers.parked
        head = self._script.header("cgroup", line, end)
        return head + it.take(script.CONFINEMENT_AT + len(head), self._size - len(head))

    def _place_cgroup(self, fd):
        """Say on which descriptor a cell joins its cgroup; -1: it has none, and asks a harmless question."""
        it = self._machine
        it.set("cgroup", fd)
        it.set("cgroup-call", script.NUMBERS["write" if fd >= 0 else "getppid"])
        it.set("cgroup-joined", 1 if fd >= 0 else script.ANYTHING)

    def explain(self, packet):
        """What a cell says on its line if it is not parked: the frame for the host."""
        if len(packet) != _STOPPED.size or packet[:1] == b"{":
            return protocol.parse(packet)
        failure = self._machine.failure(*_STOPPED.unpack(packet))
        return steps.StepFailed(failure.layer, failure).frame()

    # --- in the cell ----------------------------------------------------------------------------

    def enter(self):
        """Enter what is this run's alone, in the process that gathers it (:mod:`berm_cell.agent`)."""
        self._make("enter")

    def be_template(self, orders, ring):
        """Keep what a template needs, and nothing else.

        Args:
            orders: the socket on which it hears of cells.
            ring: a descriptor to keep, or -1.
        """
        os.dup2(orders, self._base + layers.ORDERS, False)
        if ring >= 0:
            os.dup2(ring, self._base + layers.RING, False)
        sys_.close_all_but([0, 1, 2, *self.descriptors])

    def be_forked(self):
        """In a template: fork what it is told to, for ever.

        Returns in each new process, once it is confined, whether that is to rehearse. Raises
        ``StepFailed``: there if a layer fails, and in the template itself (of layer ``template``) when
        nobody tells it anything any more.
        """
        self._make("await", "confine")
        return bool(_TOLD.unpack(self._machine.take(self._layers.told, _TOLD.size))[0])

    def confine(self):
        """Apply everything, in the program's process; raises ``StepFailed``."""
        self._make("cgroup")
        if self._layers.filter is not None:
            self._layers.filter.name(self._machine, os.getpid())
        self._make("begin")
        if not self._closes:
            sys_.close_all_but([0, 1, 2, *range(self._base, self._end)])
        self._make("confine" if self._cell["gathers"] == "agent" else "enter", "confine")

    def park(self):
        """Say that every layer is on, and wait for the one request.

        Returns its bytes and descriptors; no bytes when the host is gone. Raises ``FrameError`` for
        one that is over its bound.
        """
        self._make("tell")
        if not self._closes:
            keep = [self._base + layers.PROGRAM]
            if not self._cell["in_process"]:
                keep.append(self._base + layers.EXEC)
            sys_.close_all_but([0, 1, 2, *keep])
        size = self._make("hear")
        return self._layers.heard(self._machine.take, size)

    def close(self):
        """Close what :meth:`park` left open: there is a program, and it is not to have it."""
        os.close(self._base + layers.PROGRAM)

    def execute(self):
        """Become a program as the host's script says, which :meth:`park` has heard; returns if it is refused."""
        for number in _IGNORED:
            signal.signal(number, signal.SIG_DFL)
        self._machine.run_request()

    def furnish(self):
        """Get ready for a program as the host's script says; returns what is told to its interpreter."""
        self._machine.run_request()
        told = launch.told(self._machine.take)
        self._make("forget")
        if not self._closes:
            sys_.close_all_but([0, 1, 2])
        return told

    def tell(self, data):
        """Say something else to the warden, which ends the conversation."""
        line = _socket.socket(fileno=self._base + layers.LINE)
        protocol.send_packet(line, data)

    def _make(self, first, last=None):
        try:
            return self._machine.run(first, last)
        except machine.Failed as failure:
            raise steps.StepFailed(failure.layer, failure) from failure


def _is_open(number):
    try:
        fcntl.fcntl(number, fcntl.F_GETFD)
    except OSError:
        return False
    return True
