"""Every layer of a cell, in the order in which the kernel sees it; seccomp is the last.

Written down once per fork server as a script of system calls (:mod:`berm_cell.script`), to be read top
to bottom. The plan says which layers apply. One that it names and that fails ends the cell; nothing is
skipped silently: what a machine cannot give is left out by the host's plan, where it is visible, and
never here.

Descriptors have fixed numbers, which each call has to return: a process that has other ones open than
it should have ends there.
"""

import os
import signal
import struct
import sys

from berm_cell import _syscalls as sys_
from berm_cell import limits, protocol, rules, script, steps
from berm_cell.script import WORD

LOWEST = 3
"""What the script opens is numbered from here on."""

PROGRAM, EXEC, LINE, PROC, RING, FILES = range(6)
"""What a cell has from its fork server, numbered one after the other: the program's socket, the pipe that
an exec closes, the line to the warden, the host's procfs, what pins pages, and the files that Landlock
rules are about."""

ORDERS = EXEC
"""Where a template, of which nothing is executed, hears of the cells that it is to fork."""

_SIG_UNBLOCK, _SIGNAL_SET = 1, 8
_INTERNAL = (32, 33)
"""Signals that the C library keeps for itself, and has ignored in what ``posix_spawn(3)`` starts."""

_PRIO_PROCESS = 0
_SECUREBITS = 0b11001111
"""NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each with its lock."""

_CALLS, _CALLS_OF_A_RULE = 160, 3
_MAP_SIZE = 40
_PATH_SIZE = 4096
_TO_THE_LAST = 0xFFFFFFFF

_DESCRIPTOR = struct.Struct("=i")
_IOVEC = struct.Struct("=QQ")
_MSGHDR = struct.Struct("=QI4xQQQQi4x")  # struct msghdr of a 64-bit machine
_CMSGHDR = struct.Struct("=Qii")
_HEARD = struct.Struct("=Qi")  # of its end: how much control data there is, and flags
_CONTROL_SIZE_AT = 40
_SOL_SOCKET, _SCM_RIGHTS = 1, 1
_MSG_NOSIGNAL, _MSG_CMSG_CLOEXEC, _MSG_TRUNC, _MSG_CTRUNC = 0x4000, 0x40000000, 0x20, 0x8
_CLONE = signal.SIGCHLD | 0x8000 | 0x100000 | 0x1000000 | 0x200000
"""The new process is one's sibling (CLONE_PARENT), and both of its sides are told its id: this one
(CLONE_PARENT_SETTID), and its own C library as a fork of that would (CLONE_CHILD_SETTID, _CLEARTID)."""

_CONTROL = 64
"""Bytes for the descriptors of a request: a header, and eight of them."""


class Layers:
    """The script of a fork server's cells, in parts.

    Args:
        cell: the plan's ``cell`` object.
        landlock: its Landlock rules, or None.
        base: the number of the first descriptor that a cell has from its fork server.
        proc: the one that is a procfs of the host's, or -1 where each cell has its own.
        closes: whether the kernel closes ranges of descriptors; else who runs it does.
        thread_id: for a template, where its C library keeps the id of its thread; else 0.

    Attributes:
        script: what was written.
        maps, paths: addresses of the texts that are each cell's own: its id maps, its directories.
        told: the address of a word for the process that a template forks.
        parked: where the calls end by which a process is confined, and has heard its request.
        filter: the system call filter, or None.
    """

    def __init__(self, cell, landlock, base, proc, closes, thread_id):
        self._cell = cell
        self._base = base
        self._proc = proc
        self._closes = closes
        self._thread_id = thread_id
        self._end = base + FILES + (len(landlock.opened) if landlock is not None else 0)
        self._held = []
        calls = _CALLS + (_CALLS_OF_A_RULE * len(cell["landlock"]["rules"]) if landlock else 0)
        self.script = script.Script(script.CONFINEMENT_AT, calls)
        self.maps = {name: self.script.data(bytes(_MAP_SIZE)) for name in ("uid", "gid")}
        self.paths = {name: self._path(name) for name in ("work", "tmp")}
        self.told = self.script.data(bytes(WORD))
        self.filter = None
        if "seccomp" in cell["layers"]:
            self.filter = rules.Filter(cell["seccomp"], cell["self_pid"])
            self.filter.keep(self.script)
        self._write(landlock)

    def heard(self, memory, size):
        """What came, after the part ``hear``: its bytes and its descriptors.

        Args:
            memory: a function of an address and a size that returns the bytes there.
            size: what the part returned.

        Raises ``FrameError`` for something that is over its bound.
        """
        controls, flags = _HEARD.unpack(memory(self._heard + _CONTROL_SIZE_AT, _HEARD.size))
        fds = []
        if controls >= _CMSGHDR.size:
            length = _CMSGHDR.unpack(memory(self._control, _CMSGHDR.size))[0]
            rows = memory(self._control + _CMSGHDR.size, min(length, _CONTROL) - _CMSGHDR.size)
            fds = [row[0] for row in _DESCRIPTOR.iter_unpack(rows)]
        if flags & (_MSG_TRUNC | _MSG_CTRUNC) or size > protocol.MAX_FRAME:
            raise protocol.FrameError("frame over its bound")
        return memory(self._frame, size), fds

    def _write(self, landlock):
        # Where an agent gathers the run, it enters what is the run's alone, and its program's process is in it.
        gathered = self._cell["gathers"] == "agent"
        if gathered:
            self._enter()
        if self._thread_id:
            self._be_forked()
        self._join_cgroup()
        self._begin()
        if not gathered:
            self._enter()
        self._confine(landlock)
        self._tell()
        self._hear()
        self.script.end()
        self.parked = self.script.here
        self._forget()
        self.script.end()

    def _path(self, name):
        if self._cell["mounts"]:
            return self.script.text(self._cell[name])
        return self.script.data(bytes(_PATH_SIZE))

    def _be_forked(self):
        """In a template: hear how a cell is to be, fork it, say which process it is, and so on.

        The process goes on with the next part. It is a child of the fork server's, as the template is.
        """
        it, orders = self.script, self._base + ORDERS
        process = it.data(bytes(WORD))
        control = it.room(_CONTROL)
        vector = it.data(_IOVEC.pack(it.address, script.SIZES[it.address]))
        header = it.data(_MSGHDR.pack(0, 0, vector, 1, control, _CONTROL, 0))
        parent = script.Label()
        it.begin("born")
        it.layer("template")
        it.place(parent)
        it.call("write", orders, process, _DESCRIPTOR.size, returns=_DESCRIPTOR.size)
        it.begin("await")
        it.call("close_range", LOWEST, self._base - 1)
        size = it.variable("size")
        it.call("recvmsg", orders, header, _MSG_CMSG_CLOEXEC, returns=size)
        if self._cell["gathers"] == "init":
            it.call("setns", LOWEST + 2, sys_.CLONE_NEWPID, otherwise=parent)
        it.call("clone", _CLONE, 0, process, self._thread_id, 0, returns=0, otherwise=parent)

    def _join_cgroup(self):
        it = self.script
        it.begin("cgroup")
        it.layer("cgroup")
        # Which call it is depends on whether the cell has one.
        it.call(
            *("write", it.variable("cgroup"), it.data(b"0"), 1),
            number=it.variable("cgroup-call"),
            returns=it.variable("cgroup-joined"),
        )

    def _begin(self):
        """Be alone with what the cell needs: no signal waits, no other descriptor is open."""
        it, base = self.script, self._base
        it.begin("begin")
        it.layer("signals")
        blocked = it.data(struct.pack("=Q", 1 << (signal.SIGCHLD - 1)))
        it.call("rt_sigprocmask", _SIG_UNBLOCK, blocked, 0, _SIGNAL_SET)
        # Until there is a program, a user's signal ends the run, wherever in the launcher it arrives.
        default = it.data(bytes(32))  # struct kernel_sigaction: SIG_DFL
        for number in (signal.SIGINT, *_INTERNAL):
            it.call("rt_sigaction", number, default, 0, _SIGNAL_SET)
        it.layer("descriptors")
        given = [("program", PROGRAM), ("line", LINE)]
        if not self._cell["in_process"]:
            given.append(("exec", EXEC))
        for name, offset in given:
            number = base + offset
            it.call("dup3", it.variable(name), number, os.O_CLOEXEC, returns=number)
        if self._closes:
            it.call("close_range", LOWEST, base - 1)
            it.call("close_range", self._end, _TO_THE_LAST)
        if self._thread_id and self.filter is not None and self._cell["gathers"] != "init":
            self._name_process(self.filter)
        it.layer("session")
        it.call("prctl", sys_.PR_SET_DUMPABLE, 0)
        if self._cell["in_process"]:  # what it would be called, had it been executed
            name = os.path.basename(sys.executable)
            it.call("prctl", sys_.PR_SET_NAME, it.text(name))
        it.call("setsid")
        it.call("prctl", sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        it.call("umask", 0o022)

    def _name_process(self, in_filter):
        """Put the id of the new process, which nobody knew, where the filter compares with it."""
        it = self.script
        it.layer("seccomp")
        it.call("pipe2", it.data(bytes(WORD)), os.O_CLOEXEC)
        for place in in_filter.places:
            it.call(
                "write", LOWEST + 1, self._thread_id, _DESCRIPTOR.size, returns=_DESCRIPTOR.size
            )
            it.call("read", LOWEST, place, _DESCRIPTOR.size, returns=_DESCRIPTOR.size)
        it.call("close", LOWEST)
        it.call("close", LOWEST + 1)

    def _enter(self):
        """Namespaces of the run's own, and what it may write."""
        it, cell = self.script, self._cell
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
        it, cell = self.script, self._cell
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
        it = self.script
        words = [0 if text is None else it.text(text) for text in (source, target, kind, data)]
        it.call("mount", words[0], words[1], words[2], flags, words[3])

    def _confine(self, landlock):
        it, cell, layers = self.script, self._cell, self._cell["layers"]
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
        it.call("chdir", self.paths["work"])
        if landlock is not None:
            it.layer("landlock")
            landlock.write(it, self._next(), self._base + FILES, self.paths)
        if self.filter is not None:
            it.layer("seccomp")
            listener = self._next() if cell["notify"] else None
            self.filter.install(it, listener)
            if listener is not None:
                self._held.append(listener)

    def _next(self):
        """The number of the next descriptor: what was opened and is kept, is numbered without a gap."""
        return LOWEST + len(self._held)

    def _mount_proc(self):
        """A /proc of this pid namespace; /proc/sys read-only, since some of it is the namespace's.

        The warden holds on to it, and to the mount namespace: one that nobody else holds is taken down
        while the program ends, and its end waits.
        """
        it = self.script
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
        it = self.script
        address = it.text(path) if isinstance(path, str) else path
        it.call("openat", directory, address, flags | os.O_CLOEXEC, returns=number, skips=skips)

    def _enter_user_namespace(self):
        it = self.script
        it.layer("user-namespace")
        it.call(
            "prctl", sys_.PR_SET_DUMPABLE, 1
        )  # else /proc/self is root's, and cannot be written
        it.call("unshare", sys_.CLONE_NEWUSER)
        proc = self._held[0] if self._held else self._proc
        number = self._next()
        # gVisor asks nothing of groups, and has no such file.
        self._open(proc, "self/setgroups", os.O_WRONLY, number, skips=2)
        it.call("write", number, it.data(b"deny"), 4, returns=4)
        it.call("close", number)
        for name in ("gid", "uid"):
            self._open(proc, "self/%s_map" % name, os.O_WRONLY, number)
            size = it.variable(name + "-map")
            it.call("write", number, self.maps[name], size, returns=size)
            it.call("close", number)

    def _drop_capabilities(self):
        """Empty the bounding, ambient, inheritable, permitted and effective sets, and lock them so.

        The bounding set can only be emptied with CAP_SETPCAP; without it no_new_privs stands in for
        it, since no exec can then raise anything.
        """
        it = self.script
        it.layer("capabilities")
        last = sys_.last_capability()
        for number in range(last + 1):
            it.call("prctl", sys_.PR_CAPBSET_DROP, number, skips=last - number)
        it.call("prctl", sys_.PR_SET_SECUREBITS, _SECUREBITS, skips=0)
        it.call("prctl", sys_.PR_CAP_AMBIENT, sys_.PR_CAP_AMBIENT_CLEAR_ALL, skips=0)
        it.call("capset", it.data(sys_.CAPABILITY_HEADER), it.data(bytes(24)))

    def _tell(self):
        it, base = self.script, self._base
        it.begin("tell")
        it.layer("park")
        word = it.data(b"p")
        vector = it.data(_IOVEC.pack(word, 1))
        size = _CMSGHDR.size + _DESCRIPTOR.size * len(self._held)
        content = b"".join(_DESCRIPTOR.pack(fd) for fd in self._held)
        control = it.data(_CMSGHDR.pack(size, _SOL_SOCKET, _SCM_RIGHTS) + content)
        header = it.data(_MSGHDR.pack(0, 0, vector, 1, control, size, 0))
        if self._held:
            it.call("sendmsg", base + LINE, header, _MSG_NOSIGNAL, returns=1)
        else:  # a filter that has no listener lets nobody send descriptors
            it.call("sendto", base + LINE, word, 1, _MSG_NOSIGNAL, 0, 0, returns=1)
        if self._closes:
            above = base + (PROGRAM if self._cell["in_process"] else EXEC) + 1
            it.call("close_range", LOWEST, base - 1)
            it.call("close_range", above, _TO_THE_LAST)

    def _hear(self):
        it = self.script
        it.begin("hear")
        self._frame = script.REQUEST_AT
        self._control = it.room(_CONTROL)
        vector = it.data(_IOVEC.pack(self._frame, protocol.MAX_FRAME + 1))
        self._heard = it.data(_MSGHDR.pack(0, 0, vector, 1, self._control, _CONTROL, 0))
        it.call("recvmsg", self._base + PROGRAM, self._heard, _MSG_CMSG_CLOEXEC)

    def _forget(self):
        """In an interpreter: give back the memory of the request, which counts against a program's."""
        it = self.script
        it.begin("forget")
        it.layer("forget")
        it.call("munmap", script.REQUEST_AT, script.SIZES[script.REQUEST_AT])
