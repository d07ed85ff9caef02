"""Every layer of a cell, in the order in which the kernel sees it.

Three functions, read top to bottom:

* :func:`enter_berth` — once per fork server: the namespaces and the root that its cells share.
* :func:`open_cell` — once per cell, in the cell's agent: what is this run's alone.
* :func:`confine` — once per cell, in the program's process: everything that cannot be undone,
  seccomp last.

The plan (plain JSON, computed on the host by ``berm.policy.plan``) says which layers apply; a
layer that the plan names and that fails ends the cell with :class:`StepFailed`. Nothing is
skipped silently: what a machine cannot give is left out by the host's plan, where it is
visible, and never here.
"""

import base64
import errno
import os
import resource
import signal
import struct

from berm_cell import _syscalls as sys_
from berm_cell import copied_root, minimal_root, protocol, rundir

NAMESPACE_FLAGS = {
    "mount-namespace": sys_.CLONE_NEWNS,
    "pid-namespace": sys_.CLONE_NEWPID,
    "network-namespace": sys_.CLONE_NEWNET,
    "ipc-namespace": sys_.CLONE_NEWIPC,
    "uts-namespace": sys_.CLONE_NEWUTS,
    "cgroup-namespace": sys_.CLONE_NEWCGROUP,
}

RLIMITS = {
    "as": resource.RLIMIT_AS,
    "core": resource.RLIMIT_CORE,
    "cpu": resource.RLIMIT_CPU,
    "data": resource.RLIMIT_DATA,
    "fsize": resource.RLIMIT_FSIZE,
    "memlock": resource.RLIMIT_MEMLOCK,
    "msgqueue": resource.RLIMIT_MSGQUEUE,
    "nofile": resource.RLIMIT_NOFILE,
    "nproc": resource.RLIMIT_NPROC,
    "sigpending": resource.RLIMIT_SIGPENDING,
    "stack": resource.RLIMIT_STACK,
    "nice": resource.RLIMIT_NICE,
    "rtprio": resource.RLIMIT_RTPRIO,
}


class StepFailed(Exception):
    """A layer that the plan requires could not be applied."""

    def __init__(self, step, error):
        super().__init__("%s: %s" % (step, error))
        self.step = step
        self.errno = getattr(error, "errno", None) or 0
        self.text = str(error)

    def frame(self):
        """Return the frame that tells the host."""
        return {"op": "failed", "step": self.step, "errno": self.errno, "text": self.text[:500]}


class _Step:
    """Names the layer that is being applied, so that a failure says where it happened."""

    def __init__(self, name):
        self._name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and isinstance(error, (OSError, ValueError)):
            raise StepFailed(self._name, error) from error
        return False


# --- once per fork server ------------------------------------------------------------------


def enter_berth(berth, ask_host_for_ids):
    """Enter the namespaces that all cells of this fork server share, and the prepared root.

    Args:
        berth: the plan's ``berth`` object.
        ask_host_for_ids: called after the user namespace exists and before its ids are used;
            the host (root) then writes the id maps from outside.

    Returns ``(pid, home)``: the pid of the process that goes on inside the pid namespace, or 0 in
    that process and where there is none; and the directory that must be removed at the end, where
    the runtime's files were copied to it, else None.
    """
    home = None
    with _Step("harden"):
        sys_.prctl(sys_.PR_SET_DUMPABLE, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    layers = berth["layers"]
    if "user-namespace" in layers:
        with _Step("user-namespace"):
            _enter_user_namespace(berth["ids"], ask_host_for_ids)
    if "copied-root" in layers:  # as the uid that the fork server has from here on
        with _Step("copied-root"):
            home = rundir.Berth(berth["run_dir"])
            copied_root.build(home.path, berth["root"]["files"])
    with _Step("namespaces"):
        flags = 0
        for layer in layers:
            flags |= NAMESPACE_FLAGS.get(layer, 0)
        if flags:
            sys_.unshare(flags)
    if "pid-namespace" in layers:
        pid = os.fork()
        if pid:
            return pid, home
        with _Step("parent-death"):
            sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != 0 and not os.path.exists("/proc"):
                raise OSError(errno.ESRCH, "the parent is gone")
    if "uts-namespace" in layers:
        with _Step("uts-namespace"):
            import socket

            socket.sethostname("cell")
    if home is not None:
        with _Step("copied-root"):
            home.path = copied_root.enter(home.path)
    if "pivot-root" in layers:
        with _Step("pivot-root"):
            minimal_root.build(berth["root"])
    with _Step("no-new-privs"):
        sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    if "pid-namespace" not in layers and berth["adopts"]:
        with _Step("agent"):
            sys_.prctl(sys_.PR_SET_CHILD_SUBREAPER, 1)
    return 0, home


def _enter_user_namespace(ids, ask_host_for_ids):
    uid, gid = os.getuid(), os.getgid()
    sys_.unshare(sys_.CLONE_NEWUSER)
    if ids["written_by"] == "host":
        ask_host_for_ids()
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
    else:
        _write_own_map(ids["inside"], uid, ids["inside"], gid)
    # A change of ids or namespace leaves the process undumpable; say so again, on purpose.
    sys_.prctl(sys_.PR_SET_DUMPABLE, 0)


def _write_own_map(inside_uid, uid, inside_gid, gid, proc_fd=None):
    sys_.prctl(sys_.PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root and cannot be written
    for name, text in (
        ("setgroups", "deny"),
        ("gid_map", "%d %d 1" % (inside_gid, gid)),
        ("uid_map", "%d %d 1" % (inside_uid, uid)),
    ):
        path = "self/" + name if proc_fd is not None else "/proc/self/" + name
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc_fd)
        except FileNotFoundError:  # gVisor asks nothing of groups, and has no such file
            if name == "setgroups":
                continue
            raise
        try:
            os.write(fd, text.encode("ascii"))
        finally:
            os.close(fd)


# --- once per cell, in the agent -----------------------------------------------------------


def fork_cell(layers, own_pid_namespace):
    """Fork the agent; with a pid namespace of the cell's own, it is that namespace's init."""
    if "pid-namespace" in layers:
        with _Step("pid-namespace"):
            if own_pid_namespace >= 0:
                sys_.setns(own_pid_namespace, sys_.CLONE_NEWPID)
            sys_.unshare(sys_.CLONE_NEWPID)
    return os.fork()


def open_cell(cell, owner, berth):
    """Make what is this cell's alone: mounts, IPC, and the two directories it may write.

    Args:
        cell: the plan's ``cell`` object.
        owner: ``(uid, gid)`` that the program will have, as seen from the agent.
        berth: the fork server's directory on the host, for plans without mounts, else None.

    Returns ``(run_dir, directories)``: what to remove afterwards (None with mounts, which
    vanish by themselves), and the absolute paths of ``work`` and ``tmp``.
    """
    layers = cell["layers"]
    with _Step("session"):
        os.setsid()
    with _Step("namespaces"):
        flags = 0
        for layer in layers:
            if layer != "pid-namespace":
                flags |= NAMESPACE_FLAGS.get(layer, 0)
        if flags:
            sys_.unshare(flags)
    if cell["mounts"]:
        with _Step("directories"):
            _mount_directories(cell, owner)
        if cell["proc"]:
            with _Step("proc"):
                _mount_proc()
        run_dir, directories = None, {"work": cell["work"], "tmp": cell["tmp"]}
    else:
        with _Step("directories"):
            run_dir, directories = rundir.make(berth, owner)
    with _Step("agent"):
        if "agent" in layers and "pid-namespace" not in layers:
            sys_.prctl(sys_.PR_SET_CHILD_SUBREAPER, 1)
        if cell["agent_scope"]:  # after the mounts, which a Landlock domain refuses
            _enter_scope(cell["agent_scope"])
    return run_dir, directories


def _enter_scope(scope):
    """A Landlock domain of the agent's own: ``kill(-1)`` then reaches this run and nothing else."""
    # A domain refuses moves between directories unless it handles and allows them.
    refer = sys_.LANDLOCK_ACCESS_FS_REFER
    ruleset = sys_.landlock_create(refer, 0, scope)
    try:
        allow_path(ruleset, "/", refer, 0)
        sys_.landlock_restrict(ruleset)
    finally:
        os.close(ruleset)


def _mount_proc():
    """A /proc of this pid namespace; /proc/sys read-only, since some of it is the namespace's."""
    flags = sys_.MS_NOSUID | sys_.MS_NODEV | sys_.MS_NOEXEC
    sys_.mount("proc", "/proc", "proc", flags)
    sys_.mount("/proc/sys", "/proc/sys", None, sys_.MS_BIND)
    readonly = sys_.MS_REMOUNT | sys_.MS_BIND | sys_.MS_RDONLY
    sys_.mount(None, "/proc/sys", None, readonly | flags)


def _mount_directories(cell, owner):
    data = "size=%d,nr_inodes=%d,mode=0711" % (cell["disk"], cell["inodes"])
    flags = sys_.MS_NOSUID | sys_.MS_NODEV
    sys_.mount("tmpfs", cell["box"], "tmpfs", flags, data)
    for name in ("work", "tmp"):
        inner = cell["box"] + "/" + name
        os.mkdir(inner, 0o700)
        os.chown(inner, owner[0], owner[1])
        sys_.mount(inner, cell[name], None, sys_.MS_BIND)


def resize_disk(cell, size):
    """Give the cell's file system another size, in bytes; fails if more is already in use."""
    with _Step("disk"):
        sys_.mount(
            None,
            cell["box"],
            None,
            sys_.MS_REMOUNT | sys_.MS_NOSUID | sys_.MS_NODEV,
            "size=%d,nr_inodes=%d" % (size, cell["inodes"]),
        )


# --- once per cell, in the program's process ------------------------------------------------


def confine(cell, owner, directories, cgroup_fd, keep_fds, notify, proc_fd):
    """Apply everything that cannot be undone, in this order; seccomp is the last.

    Args:
        cell: the plan's ``cell`` object.
        owner: ``(uid, gid)`` of the program in the agent's user namespace.
        directories: absolute paths of the working and temporary directories.
        cgroup_fd: an open ``cgroup.procs`` of the cell's leaf, or -1.
        keep_fds: the only descriptors that stay open.
        notify: the socket over which the agent waits for the filter's listener, or None.
        proc_fd: a procfs that shows this process; closed as soon as the id maps are written.
    """
    layers = cell["layers"]
    with _Step("session"):
        os.setsid()
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        os.umask(0o022)
    if cgroup_fd >= 0:
        with _Step("cgroup"):
            os.write(cgroup_fd, b"0")
    with _Step("descriptors"):
        sys_.close_all_but([*keep_fds, proc_fd])
    if "rlimits" in layers:
        with _Step("rlimits"):
            set_rlimits(cell["rlimits"])
            os.nice(cell["nice"])
    if "uid" in layers:
        with _Step("uid"):
            os.setgroups([])
            os.setresgid(owner[1], owner[1], owner[1])
            os.setresuid(owner[0], owner[0], owner[0])
    if "user-namespace" in layers:
        with _Step("user-namespace"):
            sys_.prctl(sys_.PR_SET_DUMPABLE, 1)
            sys_.unshare(sys_.CLONE_NEWUSER)
            _write_own_map(cell["uid"], owner[0], cell["gid"], owner[1], proc_fd)
    os.close(proc_fd)
    if "capabilities" in layers:
        with _Step("capabilities"):
            sys_.drop_capabilities()
    with _Step("no-new-privs"):
        sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of ids clears it
        # The agent, which may have the same uid, must be able to see what the program holds.
        sys_.prctl(sys_.PR_SET_DUMPABLE, 1)
    with _Step("working-directory"):
        os.chdir(directories["work"])
    if cell["landlock"] is not None:
        with _Step("landlock"):
            _restrict_landlock(cell["landlock"], directories)
    if "seccomp" in layers:
        with _Step("seccomp"):
            _install_filter(_own_filter(cell["seccomp"], cell["self_pid"]), notify)


def _install_filter(program, notify):
    """Install the filter; its listener goes to the agent, and no copy of it stays here."""
    if notify is None:
        sys_.seccomp_install(program)
        return
    listener = sys_.seccomp_install(program, sys_.SECCOMP_FILTER_FLAG_NEW_LISTENER)
    try:
        protocol.send_frame(notify, {"op": "listener"}, [listener])
    finally:
        os.close(listener)
        notify.close()


_INSTRUCTION = struct.Struct("HBBI")  # linux/filter.h, struct sock_filter
_JEQ_K = 0x15


def _own_filter(encoded, placeholder):
    """Put this process's id where the filter compares with the placeholder for it."""
    program = bytearray(base64.b64decode(encoded))
    for offset in range(0, len(program), _INSTRUCTION.size):
        code, true, false, value = _INSTRUCTION.unpack_from(program, offset)
        if code == _JEQ_K and value == placeholder:
            _INSTRUCTION.pack_into(program, offset, code, true, false, os.getpid())
    return bytes(program)


def set_rlimits(limits):
    """Set soft and hard resource limits, by the names of ``RLIMITS``."""
    for name, value in limits.items():
        which = RLIMITS[name]
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))


def _restrict_landlock(landlock, directories):
    ruleset = sys_.landlock_create(landlock["fs"], landlock["net"], landlock["scope"])
    try:
        for path, access in landlock["rules"]:
            allow_path(ruleset, path.format(**directories), access, landlock["file_mask"])
        sys_.landlock_restrict(ruleset)
    finally:
        os.close(ruleset)


def allow_path(ruleset, path, access, file_mask):
    """Add one path to a ruleset; a path that does not exist here needs no rule."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        directory = os.stat(fd).st_mode & 0o170000 == 0o040000
        allowed = access if directory else access & file_mask
        if allowed:
            sys_.landlock_allow(ruleset, fd, allowed)
    finally:
        os.close(fd)
