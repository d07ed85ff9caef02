"""Trials of namespaces, and of the root that a cell gets in them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from berm.kernel.probe.trial import Trial, expect, in_child, libc
else:
    from trial import Trial, expect, in_child, libc

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
_NOT_INIT: Final = 254


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
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
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
        code = _NOT_INIT
        with trial.part("pid_ns", "fork in the new pid namespace"):
            code = in_child(lambda: _second_pid_namespace(proc))
            expect(code != _NOT_INIT, "the pid namespace")
        with trial.part("pid_setns", "setns back to the pid namespace, as for a second cell"):
            if code:
                raise OSError(code, os.strerror(code))


def _second_pid_namespace(proc: int) -> int:
    """As init of a pid namespace, make two more, one after the other; returns an error number."""
    if os.getpid() != 1:
        return _NOT_INIT
    try:
        own = os.open("self/ns/pid", os.O_RDONLY, dir_fd=proc)
        libc.unshare(CLONE_NEWPID)
        libc.setns(own, CLONE_NEWPID)
        libc.unshare(CLONE_NEWPID)
    except OSError as err:
        return err.errno or 255
    return 0


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
