"""Every layer of a cell, in the order in which the kernel sees it; seccomp is the last.

Written down once per fork server as a script of system calls (:mod:`berm_cell.script`), read top to
bottom, and run in the process of each program. The plan says which layers apply. One that it names
and that fails ends the cell; nothing is skipped silently: what a machine cannot give is left out by
the host's plan, where it is visible, and never here.

Descriptors have fixed numbers, which each call has to return: a process that has other ones open than
it should have ends there.
"""

import _socket
import fcntl
import os
import signal
import struct

from berm_cell import _syscalls as sys_
from berm_cell import carried, limits, machine, protocol, rules, script, steps

_LOWEST = 3
"""What the script opens is numbered from here on."""

_BLOCK = 16
"""What a cell has from its fork server is numbered from here on, or higher where that is taken."""

_PROGRAM, _EXEC, _LINE, _PROC, _FILES = range(5)
"""In this order: the program's socket, the pipe that an exec closes, the line to the warden, the host's
procfs, and the files that Landlock rules are about."""

_SIG_UNBLOCK, _SIGNAL_SET = 1, 8
_PRIO_PROCESS = 0
_SECUREBITS = 0b11001111
"""NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each with its lock."""

_CALLS, _CALLS_OF_A_RULE = 160, 3

_MAP_SIZE = 40
_PATH_SIZE = 4096
_TO_THE_LAST = 0xFFFFFFFF

_DESCRIPTOR = struct.Struct("=i")
_STOPPED = struct.Struct("=QQ")
_IOVEC = struct.Struct("=QQ")
_MSGHDR = struct.Struct("=QI4xQQQQi4x")  # struct msghdr of a 64-bit machine
_CMSGHDR = struct.Struct("=Qii")
_HEARD = struct.Struct("=Qi")  # of its end: how much control data there is, and flags
_CONTROL_SIZE_AT = 40
_SOL_SOCKET, _SCM_RIGHTS = 1, 1
_MSG_NOSIGNAL, _MSG_CMSG_CLOEXEC, _MSG_TRUNC, _MSG_CTRUNC = 0x4000, 0x40000000, 0x20, 0x8
_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""What CPython ignores, and an exec keeps so."""

_CONTROL = 64
"""Bytes for the descriptors of a request: a header, and eight of them."""


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
        self._end = self._base + _FILES + len(files)
        self.proc = self._base + _PROC if proc >= 0 else -1
        self._closes = sys_.has_close_range()
        self._launcher, self._kept = None, []
        if self._closes and not cell["in_process"] and script.IS_X86_64:
            self._launcher = machine.PATH if rooted else self._hold_launcher()
        self._held = []
        self._filter = None
        with steps.step("machine"):
            self._machine = machine.Machine(requests=not cell["in_process"])
            calls = _CALLS + (_CALLS_OF_A_RULE * len(cell["landlock"]["rules"]) if landlock else 0)
            self._script = script.Script(script.CONFINEMENT_AT, calls)
            self._write(landlock)
            self._machine.load(self._script)
        self._size = len(self._script.image())

    @property
    def descriptors(self):
        """What a process must keep open that is to make a cell."""
        return [*range(self._base, self._end), *self._kept]

    @property
    def launches(self):
        """Whether programs are started by the launcher, and not by a process that was forked."""
        return self._launcher is not None

    def _hold_launcher(self):
        """The path of the launcher where there is no root for it; None where no such file is executed."""
        try:
            fd = carried.hold("launch", machine.IMAGE)
        except OSError:
            return None
        if not os.access(carried.path_of(fd), os.X_OK):  # vm.memfd_noexec
            os.close(fd)
            return None
        self._kept.append(fd)
        return carried.path_of(fd)

    def _reserve(self, proc, files):
        """Move what each cell needs to numbers one after the other; returns the first."""
        count, base = _FILES + len(files), _BLOCK
        nothing = os.open("/", os.O_PATH | os.O_CLOEXEC)
        while any(_is_open(number) for number in range(base, base + count)):
            base += 1
        try:
            for offset in range(_FILES):
                os.dup2(nothing, base + offset, False)
        finally:
            os.close(nothing)
        moved = [(fd, base + _FILES + index) for index, fd in enumerate(files)]
        for fd, number in [*moved, (proc, base + _PROC)]:
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
        it.set("cgroup", order.cgroup_fd)
        it.set("parent", parent)
        it.set("uid", uid)
        it.set("gid", gid)
        for name, inside, outside in (("uid", self._cell["uid"], uid), ("gid", self._cell["gid"], gid)):
            text = b"%d %d 1" % (inside, outside)
            it.put(self._maps[name], text)
            it.set(name + "-map", len(text))
        if not self._cell["mounts"]:
            for name, path in directories.items():
                it.put(self._paths[name], os.fsencode(path) + b"\0")

    def launch(self, order, ends):
        """Start the launcher, which is to have the ends of :meth:`address`; returns its process id."""
        given = [fd for fd in (ends[0], order.program_fd, ends[1], order.cgroup_fd) if fd >= 0]
        # By way of numbers that none of them has, so that none takes the place of another.
        pairs = [(fd, self._base + index) for index, fd in enumerate(given)]
        pairs += [(number, _LOWEST + index) for index, (_fd, number) in enumerate(pairs)]
        # The same number twice means that an exec does not close it.
        pairs += [(fd, fd) for fd in range(self._base + _FILES, self._end)]
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
        it = self._machine
        if self._filter is not None:
            self._filter.name(it, process)
        for index, name in enumerate(("line", "program", "exec", "cgroup")):
            it.set(name, _LOWEST + index)
        first = "cgroup" if order.cgroup_fd >= 0 else "begin"
        head = self._script.header(first, self._base + _LINE)
        rest = it.take(script.CONFINEMENT_AT + len(head), self._size - len(head))
        os.write(line, head + rest)

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

    def confine(self, order):
        """Apply everything, in the program's process; raises ``StepFailed``."""
        if order.cgroup_fd >= 0:
            self._make("cgroup")
        if self._filter is not None:
            self._filter.name(self._machine, os.getpid())
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
            keep = [self._base + _PROGRAM]
            if not self._cell["in_process"]:
                keep.append(self._base + _EXEC)
            sys_.close_all_but([0, 1, 2, *keep])
        size = self._make("hear")
        it = self._machine
        controls, flags = _HEARD.unpack(it.take(self._heard + _CONTROL_SIZE_AT, _HEARD.size))
        fds = []
        if controls >= _CMSGHDR.size:
            length = _CMSGHDR.unpack(it.take(self._control, _CMSGHDR.size))[0]
            rows = it.take(self._control + _CMSGHDR.size, min(length, _CONTROL) - _CMSGHDR.size)
            fds = [row[0] for row in _DESCRIPTOR.iter_unpack(rows)]
        if flags & (_MSG_TRUNC | _MSG_CTRUNC) or size > protocol.MAX_FRAME:
            raise protocol.FrameError("frame over its bound")
        return it.take(self._frame, size), fds

    def close(self):
        """Close what :meth:`park` left open: there is a program, and it is not to have it."""
        os.close(self._base + _PROGRAM)

    def execute(self, request):
        """Become a program as a script of the host's says; returns only if the kernel refuses it."""
        self._machine.run_request(request)

    def tell(self, data):
        """Say something else to the warden, which ends the conversation."""
        line = _socket.socket(fileno=self._base + _LINE)
        protocol.send_packet(line, data)

    def _make(self, first, last=None):
        try:
            return self._machine.run(first, last)
        except machine.Failed as failure:
            raise steps.StepFailed(failure.layer, failure) from failure

    # --- what is written ------------------------------------------------------------------------

    def _write(self, landlock):
        self._maps = {name: self._script.data(bytes(_MAP_SIZE)) for name in ("uid", "gid")}
        self._paths = {name: self._path(name) for name in ("work", "tmp")}
        if self._cell["gathers"] == "agent":
            self._enter()
        self._join_cgroup()
        self._begin()
        if self._cell["gathers"] != "agent":
            self._enter()
        self._confine(landlock)
        self._tell()
        self._hear()
        self._script.end()

    def _path(self, name):
        if self._cell["mounts"]:
            return self._script.text(self._cell[name])
        return self._script.data(bytes(_PATH_SIZE))

    def _join_cgroup(self):
        it = self._script
        it.begin("cgroup")
        it.layer("cgroup")
        it.call("write", it.variable("cgroup"), it.data(b"0"), 1, returns=1)

    def _begin(self):
        """Be alone with what the cell needs: no signal waits, no other descriptor is open."""
        it, base = self._script, self._base
        it.begin("begin")
        it.layer("signals")
        blocked = it.data(struct.pack("=Q", 1 << (signal.SIGCHLD - 1)))
        it.call("rt_sigprocmask", _SIG_UNBLOCK, blocked, 0, _SIGNAL_SET)
        # Until there is a program, a user's signal ends the run, wherever in the launcher it arrives.
        default = it.data(bytes(32))  # struct kernel_sigaction: SIG_DFL
        it.call("rt_sigaction", signal.SIGINT, default, 0, _SIGNAL_SET)
        it.layer("descriptors")
        given = [("program", _PROGRAM), ("line", _LINE)]
        if not self._cell["in_process"]:
            given.append(("exec", _EXEC))
        for name, offset in given:
            number = base + offset
            it.call("dup3", it.variable(name), number, os.O_CLOEXEC, returns=number)
        if self._closes:
            it.call("close_range", _LOWEST, base - 1)
            it.call("close_range", self._end, _TO_THE_LAST)
        it.layer("session")
        it.call("prctl", sys_.PR_SET_DUMPABLE, 0)
        it.call("setsid")
        it.call("prctl", sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        it.call("umask", 0o022)

    def _enter(self):
        """Namespaces of the run's own, and what it may write."""
        it, cell = self._script, self._cell
        it.begin("enter")
        flags = 0
        for layer in cell["layers"]:
            if layer != "pid-namespace":
                flags |= steps.NAMESPACE_FLAGS.get(layer, 0)
        if flags:
            it.layer("namespaces")
            it.call("unshare", flags)
        if cell["mounts"]:
            self._mount_directories()

    def _mount_directories(self):
        """One small file system, shown at the two places that a program may write to."""
        it, cell = self._script, self._cell
        it.layer("directories")
        size = "size=%d,nr_inodes=%d,mode=0711" % (cell["disk"], cell["inodes"])
        self._mount("tmpfs", cell["box"], "tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, size)
        for name in ("work", "tmp"):
            inner = cell["box"] + "/" + name
            path = it.text(inner)
            it.call("mkdirat", sys_.AT_FDCWD, path, 0o700)
            it.call("fchownat", sys_.AT_FDCWD, path, it.variable("uid"), it.variable("gid"), 0)
            self._mount(inner, cell[name], None, sys_.MS_BIND)

    def _mount(self, source, target, kind, flags, data=None):
        it = self._script
        words = [0 if text is None else it.text(text) for text in (source, target, kind, data)]
        it.call("mount", words[0], words[1], words[2], flags, words[3])

    def _confine(self, landlock):
        it, cell, layers = self._script, self._cell, self._cell["layers"]
        it.begin("confine")
        if cell["proc"] and cell["gathers"] != "agent":
            self._mount_proc()
        if "rlimits" in layers:
            it.layer("rlimits")
            for name, value in cell["rlimits"].items():
                number, limit = limits.RLIMITS[name], limits.at_most_hard(name, value)
                it.call("prlimit64", 0, number, it.data(struct.pack("=QQ", limit, limit)))
            nice = min(os.getpriority(os.PRIO_PROCESS, 0) + cell["nice"], 19)
            it.call("setpriority", _PRIO_PROCESS, 0, nice)
        if "uid" in layers:
            it.layer("uid")
            it.call("setgroups", 0, 0)
            it.call("setresgid", *[it.variable("gid")] * 3)
            it.call("setresuid", *[it.variable("uid")] * 3)
        if "user-namespace" in layers:
            self._enter_user_namespace()
        if "capabilities" in layers:
            self._drop_capabilities()
        it.layer("parent-death")  # again, since a change of ids clears it
        it.call("prctl", sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        it.call("getppid", returns=it.variable("parent"))
        it.layer("no-new-privs")
        it.call("prctl", sys_.PR_SET_NO_NEW_PRIVS, 1)
        # The warden, which may have the same uid, must be able to see what the program holds.
        it.call("prctl", sys_.PR_SET_DUMPABLE, 1)
        it.layer("working-directory")
        it.call("chdir", self._paths["work"])
        if landlock is not None:
            it.layer("landlock")
            landlock.write(it, self._next(), self._base + _FILES, self._paths)
        if "seccomp" in layers:
            it.layer("seccomp")
            listener = self._next() if cell["notify"] else None
            self._filter = rules.Filter(cell["seccomp"], cell["self_pid"])
            self._filter.write(it, listener)
            if listener is not None:
                self._held.append(listener)

    def _next(self):
        """The number of the next descriptor: what was opened and is kept, is numbered without a gap."""
        return _LOWEST + len(self._held)

    def _mount_proc(self):
        """A /proc of this pid namespace; /proc/sys read-only, since some of it is the namespace's.

        The warden holds on to it, and to the mount namespace: one that nobody else holds is taken down
        while the program ends, and its end waits.
        """
        it = self._script
        it.layer("proc")
        flags = sys_.MS_NOSUID | sys_.MS_NODEV | sys_.MS_NOEXEC
        self._mount("proc", "/proc", "proc", flags)
        self._mount("/proc/sys", "/proc/sys", None, sys_.MS_BIND)
        readonly = sys_.MS_REMOUNT | sys_.MS_BIND | sys_.MS_RDONLY
        self._mount(None, "/proc/sys", None, readonly | flags)
        for path, how in (("/proc", os.O_DIRECTORY), ("/proc/self/ns/mnt", 0)):
            number = self._next()
            self._open(sys_.AT_FDCWD, path, os.O_RDONLY | how, number)
            self._held.append(number)

    def _open(self, directory, path, flags, number, skips=None):
        it = self._script
        address = it.text(path) if isinstance(path, str) else path
        it.call("openat", directory, address, flags | os.O_CLOEXEC, returns=number, skips=skips)

    def _enter_user_namespace(self):
        it = self._script
        it.layer("user-namespace")
        it.call("prctl", sys_.PR_SET_DUMPABLE, 1)  # else /proc/self is root's, and cannot be written
        it.call("unshare", sys_.CLONE_NEWUSER)
        proc = self._held[0] if self._held else self.proc
        number = self._next()
        # gVisor asks nothing of groups, and has no such file.
        self._open(proc, "self/setgroups", os.O_WRONLY, number, skips=2)
        it.call("write", number, it.data(b"deny"), 4, returns=4)
        it.call("close", number)
        for name in ("gid", "uid"):
            self._open(proc, "self/%s_map" % name, os.O_WRONLY, number)
            size = it.variable(name + "-map")
            it.call("write", number, self._maps[name], size, returns=size)
            it.call("close", number)

    def _drop_capabilities(self):
        """Empty the bounding, ambient, inheritable, permitted and effective sets, and lock them so.

        The bounding set can only be emptied with CAP_SETPCAP; without it no_new_privs stands in for
        it, since no exec can then raise anything.
        """
        it = self._script
        it.layer("capabilities")
        last = sys_.last_capability()
        for number in range(last + 1):
            it.call("prctl", sys_.PR_CAPBSET_DROP, number, skips=last - number)
        it.call("prctl", sys_.PR_SET_SECUREBITS, _SECUREBITS, skips=0)
        it.call("prctl", sys_.PR_CAP_AMBIENT, sys_.PR_CAP_AMBIENT_CLEAR_ALL, skips=0)
        it.call("capset", it.data(sys_.CAPABILITY_HEADER), it.data(bytes(24)))

    def _tell(self):
        it, base = self._script, self._base
        it.begin("tell")
        it.layer("park")
        vector = it.data(_IOVEC.pack(it.data(b"p"), 1))
        size = _CMSGHDR.size + _DESCRIPTOR.size * len(self._held)
        content = b"".join(_DESCRIPTOR.pack(fd) for fd in self._held)
        control = it.data(_CMSGHDR.pack(size, _SOL_SOCKET, _SCM_RIGHTS) + content)
        if not self._held:
            control = size = 0
        header = it.data(_MSGHDR.pack(0, 0, vector, 1, control, size, 0))
        it.call("sendmsg", base + _LINE, header, _MSG_NOSIGNAL, returns=1)
        if self._closes:
            above = base + (_PROGRAM if self._cell["in_process"] else _EXEC) + 1
            it.call("close_range", _LOWEST, base - 1)
            it.call("close_range", above, _TO_THE_LAST)

    def _hear(self):
        it = self._script
        it.begin("hear")
        self._frame = script.REQUEST_AT
        if self._cell["in_process"]:
            self._frame = it.room(protocol.MAX_FRAME + 1)
        self._control = it.room(_CONTROL)
        vector = it.data(_IOVEC.pack(self._frame, protocol.MAX_FRAME + 1))
        self._heard = it.data(_MSGHDR.pack(0, 0, vector, 1, self._control, _CONTROL, 0))
        it.call("recvmsg", self._base + _PROGRAM, self._heard, _MSG_CMSG_CLOEXEC)


def _is_open(number):
    try:
        fcntl.fcntl(number, fcntl.F_GETFD)
    except OSError:
        return False
    return True
