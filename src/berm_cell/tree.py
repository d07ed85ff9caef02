"""The run's process tree as /proc shows it: CPU, memory, threads; and the way to stop it."""

import collections
import os
import signal
import stat
import time

from berm_cell import _syscalls as sys_

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = 1.0 / os.sysconf("SC_CLK_TCK")

UNKNOWN = 1 << 62
"""Bytes that a process counts for which cannot be looked into: more than any limit."""

_FIRST = 2
"""The program's id in a pid namespace of its own, after the init's."""

MAX_PROCESSES = 8192
"""Bound of one walk through the tree."""

Seen = collections.namedtuple("Seen", "pids cpu resident high_water threads")


def cpu_clock(pid):
    """CPU seconds of one process, all its threads, as its CPU-time clock says; 0 if it is gone.

    The clock's id is the one of ``clock_getcpuclockid(3)``.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


class ProcessTree:
    """The processes of one run, read through an open directory of procfs.

    Args:
        program: the program's process id, as this process numbers it.
        proc_fd: a procfs that numbers as this process does, or -1 until :meth:`enter`.
        gathered: False if the run is the program and its descendants; True if it is every
            descendant of the calling process.
        owner: the (uid, gid) of the processes, where this one is a root that may be without
            CAP_SYS_PTRACE (as in Docker) and must take them on to see what the processes hold.
    """

    def __init__(self, program, proc_fd, gathered, owner=None):
        self._program = program
        self._owner = owner
        self._proc = proc_fd
        self._gathered = gathered
        self._own = False
        self._tells = False

    def enter(self, proc_fd):
        """Take a procfs of the run's own pid namespace: what it shows is the run, but for init."""
        self._proc = proc_fd
        self._own = True
        self._tells = os.access("1/task/1/children", os.F_OK, dir_fd=proc_fd)

    def look(self):
        """Sum up the tree. A process that ends meanwhile counts as far as it was seen."""
        pids = self.pids()
        cpu = self._cpu_of_orphans() if self._own else 0.0
        resident = high_water = threads = 0
        for pid in pids:
            fields = self._stat(pid)
            if fields is None:
                continue
            # Fields of proc(5), counted from the state, which is number 3 there.
            live = cpu_clock(self._program) if pid == _FIRST and self._own else 0.0
            if not live:
                live = (int(fields[11]) + int(fields[12])) * _TICK
            cpu += live + (int(fields[13]) + int(fields[14])) * _TICK
            threads += int(fields[17])
            peak, tables = self._status(pid)
            # Page tables are memory too: 300 MiB of them can be had with nothing resident.
            resident += int(fields[21]) * _PAGE + tables
            high_water = peak + tables if len(pids) == 1 else 0
        return Seen(pids, cpu, resident, high_water, threads)

    def _cpu_of_orphans(self):
        """What those used that the namespace's init has reaped."""
        fields = self._stat(1)
        return (int(fields[13]) + int(fields[14])) * _TICK if fields else 0.0

    def pids(self):
        """The pids of all descendants, zombies included, in the numbering of this procfs."""
        if self._own:
            return [int(name) for name in os.listdir(self._proc) if name.isdigit() and name != "1"]
        own = os.readlink("self", dir_fd=self._proc)
        if not os.access("%s/task/%s/children" % (own, own), os.F_OK, dir_fd=self._proc):
            return self._descendants(int(own))
        if self._gathered:
            found, front = [], [own]
        else:
            found, front = [self._program], [str(self._program)]
        while front and len(found) < MAX_PROCESSES:
            children = self._children(front.pop())
            found.extend(int(child) for child in children)
            front.extend(children)
        return found

    def _descendants(self, own):
        """The same where no process tells its children (gVisor): all of /proc, by parents."""
        children = {}
        for name in os.listdir(self._proc)[:MAX_PROCESSES]:
            fields = self._stat(int(name)) if name.isdigit() else None
            if fields:
                children.setdefault(int(fields[1]), []).append(int(name))
        found, front = [], [own]
        while front:
            below = children.pop(front.pop(), [])
            found.extend(below)
            front.extend(below)
        return found

    def pages(self):
        """Bytes resident, and page faults so far, of the program; zeros if it is gone."""
        program = _FIRST if self._own else self._program
        if self._gathered:  # a procfs of the host's counts otherwise than this process
            program = next(iter(self.pids()), program)
        fields = self._stat(program)
        return (int(fields[21]) * _PAGE, int(fields[7])) if fields else (0, 0)

    def own_peak(self):
        """Peak bytes resident of the calling process, 0 where the procfs does not show it.

        Its own maxrss may be that of the host, in whose memory it was until its exec.
        """
        if self._own:
            return 0
        return _field(self._read("self/status") or b"", b"VmHWM:")

    def last_state(self):
        """Peak bytes resident and page faults of the program, if it is one thread and all there is.

        None if there is, or ever was, another process: a reaped child leaves its page faults in
        its parent's account. Without a pid namespace only a program that cannot have any is known
        to have none; what an agent gathers may.
        """
        if self._gathered:
            return None
        program = _FIRST if self._own else self._program
        fields = self._stat(program)
        if fields is None or fields[17] != b"1" or fields[8] != b"0":
            return None
        if self._own:
            orphans = self._stat(1)
            if orphans is None or orphans[8] != b"0":
                return None
            if not self._tells:
                if len(self.pids()) > 1:
                    return None
            elif self._has_children("1") or self._has_children(str(program)):
                return None
        faults, resident = int(fields[7]), int(fields[21]) * _PAGE
        if faults * _PAGE > resident:  # it gave memory back, or never had its own
            return self._status(program)[0], faults
        return resident, faults

    def _has_children(self, pid):
        """True unless a process of one thread certainly has none."""
        text = self._read("%s/task/%s/children" % (pid, pid))
        return text is None or text != b""

    def open_pagemap(self):
        """A descriptor of what the kernel tells of the program's pages (proc_pid_pagemap(5))."""
        name = "%d/pagemap" % (_FIRST if self._own else self._program)
        flags = os.O_RDONLY | os.O_CLOEXEC
        return self._as_owner(lambda: os.open(name, flags, dir_fd=self._proc))

    def proportional(self, pids, otherwise):
        """Bytes of the tree with shared pages split between those who share them (PSS)."""
        return self._as_owner(self._proportional, pids, otherwise)

    def _as_owner(self, look, *args):
        if self._owner is None:
            return look(*args)
        sys_.set_file_ids(*self._owner)
        try:
            return look(*args)
        finally:
            sys_.set_file_ids(0, 0)

    def _proportional(self, pids, otherwise):
        total = 0
        for pid in pids:
            text = self._read("%d/smaps_rollup" % pid)
            if text is None:
                continue
            for line in text.split(b"\n"):
                if line.startswith(b"Pss:"):
                    total += int(line.split()[1]) * 1024
                    break
        return total or otherwise

    def deleted(self, enough):
        """Bytes of files that were removed but are still open or mapped; may stop at ``enough``."""
        return self._as_owner(self._deleted, enough)

    def _deleted(self, enough):
        total, seen = 0, set()
        for pid in self.pids():
            for key, size in self._deleted_files(pid):
                if key not in seen:
                    seen.add(key)
                    total += size
            if total > enough:
                break
        return total

    def _deleted_files(self, pid):
        base = "%d/fd/" % pid
        try:
            names = _list(self._proc, base)
        except PermissionError:
            if self._hides(pid):
                yield (0, -pid), UNKNOWN
            return
        except OSError:
            names = []
        for name in names:
            try:
                status = os.stat(base + name, dir_fd=self._proc)
            except PermissionError:
                if self._hides(pid):
                    yield (0, -pid), UNKNOWN
                return
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                yield (status.st_dev, status.st_ino), status.st_blocks * 512
        for line in (self._read("%d/maps" % pid, 1 << 20) or b"").split(b"\n"):
            if line.endswith(b" (deleted)"):
                span, _mode, offset, device, inode = line.split(None, 5)[:5]
                start, end = (int(part, 16) for part in span.split(b"-"))
                major, minor = (int(part, 16) for part in device.split(b":"))
                key = (os.makedev(major, minor), int(inode))
                yield key, int(offset, 16) + end - start

    def _hides(self, pid):
        """True for a living process that cannot be looked into.

        Whoever executes a file that it may not read becomes so, and could hide files. What is
        ending is unreadable too, but has no address space any more.
        """
        fields = self._stat(pid)
        return bool(fields) and int(fields[20]) > 0

    def stop_and_kill(self):
        """Stop every descendant, so that none can fork any more, then kill what was stopped."""
        for _ in range(64):
            pids = self.pids()
            for pid in pids:
                _signal(pid, signal.SIGSTOP)
            if set(self.pids()) <= set(pids):
                break
        for pid in self.pids():
            _signal(pid, signal.SIGKILL)

    def _children(self, pid):
        return _children(self._proc, pid)

    def _stat(self, pid):
        text = self._read("%d/stat" % pid)
        return None if text is None else text[text.rindex(b")") + 2 :].split()

    def _status(self, pid):
        """Bytes of the resident peak and of the page tables of one process."""
        text = self._read("%d/status" % pid) or b""
        return _field(text, b"VmHWM:"), _field(text, b"VmPTE:")

    def _read(self, name, most=65536):
        return _read(self._proc, name, most)


def own_children(proc_fd):
    """The pids of the calling process's own children, in the numbering of this procfs."""
    return [int(pid) for pid in _children(proc_fd, os.readlink("self", dir_fd=proc_fd))]


def _children(proc_fd, pid):
    found = []
    try:
        tasks = _list(proc_fd, "%s/task" % pid)
    except OSError:
        return found
    for task in tasks:
        text = _read(proc_fd, "%s/task/%s/children" % (pid, task), 65536)
        if text:
            found.extend(text.decode("ascii").split())
    return found


def _list(proc_fd, name):
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=proc_fd)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)


def _read(proc_fd, name, most):
    try:
        fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc_fd)
    except OSError:
        return None
    try:
        return os.read(fd, most)
    except OSError:
        return None
    finally:
        os.close(fd)


def _field(text, name):
    start = text.find(name)
    return int(text[start + len(name) : start + 40].split()[0]) * 1024 if start >= 0 else 0


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass
