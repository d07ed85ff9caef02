"""Find out what the kernel permits here, by trying each thing. Prints one JSON object.

Run as a directory by a fresh interpreter without site-packages (``python -I -S .../probe``): the host may have
threads, and a process that tries namespaces, filters and limits on itself is good for nothing afterwards.
Every trial runs in a forked child with a time bound, touches nothing but itself and leaves nothing behind.

Output: ``{"name": {"ok": value} | {"errno": number, "step": text}, ...}``; the two trials of namespaces
have such an object of their own each.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import mmap
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from berm.kernel import _libc as libc
else:
    _spec = importlib.util.spec_from_file_location(
        "_libc", Path(__file__).resolve().parent.parent / "_libc.py"
    )
    libc = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(libc)

TRIAL_SECONDS: Final = 10.0  # a loaded or emulated machine is slow; a hanging trial is not expected
ETIME: Final = 62

# linux/sched.h
CLONE_NEWNS: Final = 0x20000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
OTHER_NAMESPACES: Final = {
    "ipc_ns": 0x8000000,
    "uts_ns": 0x4000000,
    "cgroup_ns": 0x2000000,
    "net_ns": 0x40000000,
}
# linux/mount.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    16384,
    1 << 18,
)
MNT_DETACH: Final = 2

_GETPPID: Final = 110
_MIB: Final = 1 << 20
_ANSWER_ERRNO: Final = 77  # EBADFD: nothing answers so by itself


class Trial:
    """The steps of one trial; the step that was begun last is the one that failed."""

    def __init__(self, name: str) -> None:
        self.step = name
        self.found: dict[str, Any] = {}

    def begin(self, step: str) -> None:
        self.step = step

    @contextlib.contextmanager
    def part(self, name: str, step: str) -> Iterator[None]:
        """Record one thing of several that one child tries; the next ones go on."""
        self.step = step
        try:
            yield
        except OSError as err:
            self.found[name] = {"errno": err.errno, "step": step}
        else:
            self.found.setdefault(name, {"ok": True})


def run(name: str, function: Callable[[Trial], Any]) -> dict[str, Any]:
    """Run a trial in a child; return what it found."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        trial = Trial(name)
        try:
            libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
            value = function(trial)
            trial.found.setdefault(name, {"ok": True if value is None else value})
        except OSError as err:
            trial.found[name] = {"errno": err.errno, "step": trial.step}
        except BaseException as err:
            trial.found[name] = {"errno": 0, "step": f"{trial.step}: {err!r}"}
        os.write(writer, json.dumps(trial.found).encode())
        os._exit(0)
    os.close(writer)
    text, deadline = b"", time.monotonic() + TRIAL_SECONDS
    while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = os.read(reader, 65536)
        if not piece:
            break
        text += piece
    os.close(reader)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        how = f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "no answer"
        return {name: {"errno": ETIME, "step": how}}
    return found


def expect(condition: object, step: str) -> None:
    """Fail a trial whose step was accepted by the kernel but has no effect."""
    if not condition:
        raise RuntimeError(f"{step} had no effect")


def in_child(function: Callable[[], int]) -> int:
    """Run a function in a child of the trial; return its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 255
        with contextlib.suppress(BaseException):
            libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
            code = function()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# --- filters and Landlock -------------------------------------------------------------------------


def _getppid_filter(verdict: int) -> bytes:
    return b"".join(
        struct.pack("<HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 0),  # LD nr
            (0x15, 0, 1, _GETPPID),
            (0x06, 0, 0, verdict),
            (0x06, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
        )
    )


def seccomp_filter(trial: Trial) -> None:
    """A filter can be installed and decides."""
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    trial.begin("seccomp(SET_MODE_FILTER)")
    libc.seccomp_filter(_getppid_filter(0x00050000 | _ANSWER_ERRNO))
    try:
        libc.syscall(_GETPPID)
    except OSError as err:
        expect(err.errno == _ANSWER_ERRNO, "the filter")
    else:
        expect(condition=False, step="the filter")


def seccomp_notify(trial: Trial) -> None:
    """A listener is told of a call and answers it."""
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    trial.begin("seccomp(NEW_LISTENER)")
    listener = libc.seccomp_filter(_getppid_filter(0x7FC00000), 8)

    def ask() -> int:
        try:
            libc.syscall(_GETPPID)
        except OSError as err:
            return err.errno or 0
        return 0

    trial.begin("waiting for a notification")
    pid = os.fork()
    if pid == 0:
        os._exit(ask())
    try:
        ready = select.select([listener], [], [], 1.0)[0]
        expect(ready, "the listener")
        request = bytearray(80)  # struct seccomp_notif
        fcntl.ioctl(listener, 0xC0502100, request)  # SECCOMP_IOCTL_NOTIF_RECV
        answer = bytearray(request[:8]) + struct.pack("<qiI", 0, -_ANSWER_ERRNO, 0)
        trial.begin("answering a notification")
        fcntl.ioctl(listener, 0xC0182101, answer)  # SECCOMP_IOCTL_NOTIF_SEND
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        expect(code == _ANSWER_ERRNO, "the answer to a notification")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise


def landlock_abi(trial: Trial) -> int:
    """The ABI, after each of its parts was seen to refuse something."""
    trial.begin("landlock_create_ruleset(VERSION)")
    abi = libc.landlock_abi()
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    trial.begin("landlock_restrict_self")
    net, scope = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    parent = os.getppid()
    everything_of_abi_1 = (1 << 13) - 1
    libc.landlock_restrict_self(struct.pack("<QQQ", everything_of_abi_1, net, scope)[:size])
    trial.begin("opening a directory under Landlock")
    expect(_refused(lambda: os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))), "Landlock fs")
    if abi >= 6:
        trial.begin("signalling out of Landlock's scope")
        expect(_refused(lambda: os.kill(parent, 0)), "Landlock's signal scope")
    return abi


def _refused(function: Callable[[], object]) -> bool:
    try:
        function()
    except PermissionError:
        return True
    return False


# --- namespaces -----------------------------------------------------------------------------------


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def enter_user_namespace(trial: Trial) -> None:
    """Make a user namespace in which this process is root."""
    uid, gid = os.geteuid(), os.getegid()
    trial.begin("unshare(CLONE_NEWUSER)")
    libc.unshare(CLONE_NEWUSER)
    trial.begin("writing /proc/self/setgroups")
    with contextlib.suppress(FileNotFoundError):
        _write("/proc/self/setgroups", "deny")
    trial.begin("writing /proc/self/uid_map")
    _write("/proc/self/uid_map", f"0 {uid} 1\n")
    trial.begin("writing /proc/self/gid_map")
    _write("/proc/self/gid_map", f"0 {gid} 1\n")


def userns(trial: Trial) -> None:
    """A user namespace can be made, and gives power inside of it."""
    enter_user_namespace(trial)
    trial.begin("unshare(CLONE_NEWNS) in the user namespace")
    libc.unshare(CLONE_NEWNS)
    trial.begin("making the mounts private")
    libc.mount("none", "/", None, MS_REC | MS_PRIVATE)


def _namespaces(trial: Trial) -> None:
    with trial.part("mount_ns", "unshare(CLONE_NEWNS)"):
        libc.unshare(CLONE_NEWNS)
        libc.mount("none", "/", None, MS_REC | MS_PRIVATE)
    if "ok" in trial.found["mount_ns"]:
        _mounts(trial)
    with trial.part("ns_chroot", "chroot"):
        code = in_child(_chroot)
        if code:
            raise OSError(code, os.strerror(code))
    for name, flag in OTHER_NAMESPACES.items():
        with trial.part(name, f"unshare({name})"):
            libc.unshare(flag)
    with trial.part("pid_ns", "unshare(CLONE_NEWPID)"):
        libc.unshare(CLONE_NEWPID)
    if "ok" in trial.found["pid_ns"]:
        with trial.part("pid_ns", "fork in the new pid namespace"):
            expect(in_child(lambda: 7 if os.getpid() == 1 else 8) == 7, "the pid namespace")


def _chroot() -> int:
    try:
        os.chroot("/")
    except OSError as err:
        return err.errno or 255
    return 0


def _mounts(trial: Trial) -> None:
    """Build a small root like a cell's, in the mount namespace made before."""
    base = next(one for one in ("/tmp", "/var", "/usr", "/") if os.path.isdir(one))  # noqa: S108
    old_cwd = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    with trial.part("mount_tmpfs", "mounting a tmpfs"):
        libc.mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,nr_inodes=16,mode=755")
        for name in ("usr", "proc", "old"):
            os.mkdir(f"{base}/{name}")
    if "ok" not in trial.found["mount_tmpfs"]:
        return
    with trial.part("bind_mount", "binding /usr read-only"):
        libc.mount("/usr", f"{base}/usr", None, MS_BIND | MS_REC)
        libc.mount(
            "none", f"{base}/usr", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV
        )

    def proc_in_pid_namespace() -> int:
        libc.unshare(CLONE_NEWPID)

        def mount_proc() -> int:
            try:
                libc.mount("proc", f"{base}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
            except OSError as err:
                return err.errno or 255
            return 0 if os.readlink(f"{base}/proc/self") == "1" else 255

        return in_child(mount_proc)

    with trial.part("mount_proc", "mounting /proc in a new pid namespace"):
        code = in_child(proc_in_pid_namespace)
        if code:
            raise OSError(code, os.strerror(code))
    with trial.part("pivot_root", "pivot_root"):
        os.chdir(base)
        libc.pivot_root(base, f"{base}/old")
        os.chdir("/")
        libc.umount("/old", MNT_DETACH)
        expect(sorted(os.listdir("/")) == ["old", "proc", "usr"], "pivot_root")
    os.close(old_cwd)


def namespaces_in_userns(trial: Trial) -> None:
    """What can be done inside a user namespace."""
    enter_user_namespace(trial)
    _namespaces(trial)


def namespaces_as_root(trial: Trial) -> None:
    """What can be done without a user namespace."""
    _namespaces(trial)


# --- root's powers, limits, small things ----------------------------------------------------------


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


TRIALS: Final[tuple[Callable[[Trial], Any], ...]] = (
    landlock_abi,
    seccomp_filter,
    seccomp_notify,
    userns,
    namespaces_in_userns,
    namespaces_as_root,
    chroot,
    setuid,
    rlimit_data,
    pidfd,
    subreaper,
    proc_children,
    smaps_rollup,
    openat2,
    memfd,
    close_range,
)


def main() -> None:
    """Run all trials and print what they found."""
    found: dict[str, Any] = {
        "uid": {"ok": os.geteuid()},
        "capabilities": {"ok": libc.effective_capabilities()},
    }
    try:
        fd = os.open("/proc/sys/kernel/yama/ptrace_scope", os.O_RDONLY)
        found["yama"] = {"ok": int(os.read(fd, 16))}
    except (OSError, ValueError):
        found["yama"] = {"ok": None}
    for trial in TRIALS:
        name = trial.__name__
        if name.startswith("namespaces"):
            found[name] = run(name, trial)
        else:
            found.update(run(name, trial))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
