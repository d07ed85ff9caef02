"""Trials of root's powers, of limits, and of small things that older kernels lack."""

from __future__ import annotations

import errno
import mmap
import os
import resource
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from berm.kernel.probe.trial import Trial, expect, in_child, libc
else:
    from trial import Trial, expect, in_child, libc

_MIB: Final = 1 << 20


def chroot(trial: Trial) -> None:
    """The root directory can be changed."""
    trial.begin("chroot")
    os.chroot("/")


def setuid(trial: Trial) -> None:
    """Root can become another user for good."""
    other = 65534  # nobody
    trial.begin("setgroups")
    os.setgroups([])
    trial.begin("setresgid")
    os.setresgid(other, other, other)
    trial.begin("setresuid")
    os.setresuid(other, other, other)
    expect(os.geteuid() == other, "setresuid")
    try:
        os.setresuid(0, 0, 0)
    except PermissionError:
        return
    expect(condition=False, step="giving up uid 0")


def rlimit_data(trial: Trial) -> None:
    """RLIMIT_DATA counts anonymous memory (Linux 4.7; not in gVisor)."""
    trial.begin("setrlimit(RLIMIT_DATA)")
    resource.setrlimit(resource.RLIMIT_DATA, (64 * _MIB, 64 * _MIB))
    try:
        mmap.mmap(-1, 128 * _MIB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, MemoryError):
        return
    expect(condition=False, step="RLIMIT_DATA")


def rlimit_as(trial: Trial) -> None:
    """RLIMIT_AS counts all that is mapped."""
    trial.begin("setrlimit(RLIMIT_AS)")
    size = int(open("/proc/self/statm", encoding="ascii").read().split()[0]) * mmap.PAGESIZE  # noqa: SIM115
    resource.setrlimit(resource.RLIMIT_AS, (size + 64 * _MIB, size + 64 * _MIB))
    try:
        mmap.mmap(-1, 128 * _MIB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, MemoryError):
        return
    expect(condition=False, step="RLIMIT_AS")


def rlimit_queues(trial: Trial) -> None:
    """Limits of what gVisor does not have, and therefore neither lowers nor needs to."""
    trial.begin("setrlimit(RLIMIT_MSGQUEUE)")
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))
    trial.begin("setrlimit(RLIMIT_SIGPENDING)")
    hard = resource.getrlimit(resource.RLIMIT_SIGPENDING)[1]
    most = 256 if hard == resource.RLIM_INFINITY else min(256, hard)
    resource.setrlimit(resource.RLIMIT_SIGPENDING, (most, most))


def flight_limit(trial: Trial) -> None:
    """A user's descriptors in flight are bounded by RLIMIT_NOFILE (Linux 4.5; not in gVisor)."""
    trial.begin("giving up root, which has no such bound")
    if os.geteuid() == 0:
        os.setresuid(65534, 65534, 65534)
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    one, other = socket.socketpair()
    one.setblocking(False)
    trial.begin("sending descriptors over a socket")
    try:
        for _ in range(16):
            socket.send_fds(one, [b"x"], [other.fileno()] * 8)
    except OSError as err:
        if err.errno == errno.ETOOMANYREFS:
            return
        raise
    expect(condition=False, step="the bound of descriptors in flight")


def pidfd(trial: Trial) -> None:
    """pidfd_open (Linux 5.3)."""
    trial.begin("pidfd_open")
    os.close(os.pidfd_open(os.getpid()))


def subreaper(trial: Trial) -> None:
    """Orphans come to the nearest subreaper (Linux 3.4)."""
    trial.begin("prctl(PR_SET_CHILD_SUBREAPER)")
    libc.prctl(libc.PR_SET_CHILD_SUBREAPER, 1)
    reader, writer = os.pipe()

    def leave_orphan() -> int:
        if os.fork() == 0:
            os.read(reader, 1)
            os._exit(7)
        return 0

    in_child(leave_orphan)
    os.write(writer, b"x")
    trial.begin("waiting for an orphan")
    expect(os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]) == 7, "the subreaper")


def proc_children(trial: Trial) -> None:
    """/proc lists a process's children (CONFIG_PROC_CHILDREN)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    try:
        trial.begin("reading /proc/self/task/TID/children")
        fd = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY)
        expect(os.read(fd, 4096).split() == [b"%d" % pid], "the children file")
    finally:
        os.close(writer)
        os.waitpid(pid, 0)


def proc_parents(trial: Trial) -> None:
    """/proc tells the parent of each process, from which the tree of a run can be put together."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    try:
        trial.begin("reading /proc/PID/stat of a child")
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
        text = os.read(fd, 4096)
        parent = int(text[text.rindex(b")") + 2 :].split()[1])
        expect(parent == int(os.readlink("/proc/self")), "the parent in /proc/PID/stat")
    finally:
        os.close(writer)
        os.waitpid(pid, 0)


def smaps_rollup(trial: Trial) -> None:
    """/proc tells the proportional memory of a process (Linux 4.14)."""
    trial.begin("reading /proc/self/smaps_rollup")
    fd = os.open("/proc/self/smaps_rollup", os.O_RDONLY)
    expect(b"\nPss:" in os.read(fd, 4096), "smaps_rollup")


def openat2(trial: Trial) -> None:
    """openat2 keeps a path beneath a directory (Linux 5.6)."""
    trial.begin("openat2(RESOLVE_BENEATH)")
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    os.close(libc.openat2(".", os.O_PATH, dir_fd=root, resolve=libc.RESOLVE_BENEATH))
    try:
        libc.openat2("..", os.O_PATH, dir_fd=root, resolve=libc.RESOLVE_BENEATH)
    except OSError:
        return
    expect(condition=False, step="RESOLVE_BENEATH")


def memfd(trial: Trial) -> None:
    """memfd_create with seals (Linux 3.17)."""
    trial.begin("memfd_create")
    os.close(os.memfd_create("probe", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))


def close_range(trial: Trial) -> None:
    """close_range (Linux 5.9)."""
    trial.begin("close_range")
    fd = os.dup(0)
    libc.syscall(libc.SYS_CLOSE_RANGE, fd, fd, 0)
    try:
        os.fstat(fd)
    except OSError:
        return
    expect(condition=False, step="close_range")
