"""Every layer of a cell, in the order in which the kernel sees it.

Three functions, read top to bottom:

* :func:`enter_berth` — once per fork server: the namespaces and the root that its cells share.
* :func:`open_cell` — once per cell, in the program's process: what is this run's alone.
* :func:`confine` — right after it: everything that cannot be undone, seccomp last.

The plan (plain JSON, computed on the host by ``berm.policy.plan``) says which layers apply; a
layer that the plan names and that fails ends the cell with :class:`StepFailed`. Nothing is
skipped silently: what a machine cannot give is left out by the host's plan, where it is
visible, and never here.
"""

import errno
import os
import resource
import signal

from berm_cell import _syscalls as sys_
from berm_cell import copied_root, init, minimal_root, rules, rundir

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


class step:  # noqa: N801 - used like a function, as contextlib's are
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
    with step("harden"):
        sys_.prctl(sys_.PR_SET_DUMPABLE, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    layers = berth["layers"]
    if "user-namespace" in layers:
        with step("user-namespace"):
            _enter_user_namespace(berth["ids"], ask_host_for_ids)
    if "copied-root" in layers:  # as the uid that the fork server has from here on
        with step("copied-root"):
            home = rundir.Berth(berth["run_dir"])
            copied_root.build(home.path, berth["root"]["files"])
    with step("namespaces"):
        flags = 0
        for layer in layers:
            flags |= NAMESPACE_FLAGS.get(layer, 0)
        if flags:
            sys_.unshare(flags)
    if "pid-namespace" in layers:
        pid = os.fork()
        if pid:
            return pid, home
        with step("parent-death"):
            sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != 0 and not os.path.exists("/proc"):
                raise OSError(errno.ESRCH, "the parent is gone")
    if "uts-namespace" in layers:
        with step("uts-namespace"):
            import socket

            socket.sethostname("cell")
    if home is not None:
        with step("copied-root"):
            home.path = copied_root.enter(home.path)
    if "pivot-root" in layers:
        with step("pivot-root"):
            minimal_root.build(berth["root"])
    with step("no-new-privs"):
        sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    if "pid-namespace" not in layers and berth["adopts"]:
        with step("agent"):
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


def prepare(cell):
    """Add to the plan's ``cell`` what its cells can share: the filter's bytes, the rules' files."""
    with step("seccomp"):
        cell["filter"] = rules.Filter(cell["seccomp"], cell["self_pid"])
    with step("landlock"):
        if cell["landlock"] is not None:
            cell["rules"] = rules.Landlock(cell["landlock"])


def enter_pid_namespace(own):
    """Make a pid namespace of the cell's own: the next fork is its init."""
    with step("pid-namespace"):
        if own >= 0:
            sys_.setns(own, sys_.CLONE_NEWPID)
        sys_.unshare(sys_.CLONE_NEWPID)


# --- once per cell, around its processes ---------------------------------------------------


def enter_new_pid_namespace(path):
    """Make a pid namespace with its init; the next fork joins it. Returns the init's process id."""
    with step("pid-namespace"):
        sys_.unshare(sys_.CLONE_NEWPID)
        return init.spawn(path)


def return_to_pid_namespace(own):
    """Let the children to come be of the fork server's own pid namespace again."""
    with step("pid-namespace"):
        sys_.setns(own, sys_.CLONE_NEWPID)


def enter_agent(cell, owner):
    """Become the process that gathers a run: every process of it is a descendant from here on."""
    with step("session"):
        os.setsid()
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    _enter_namespaces(cell, owner)
    with step("agent"):
        if "agent" in cell["layers"]:
            sys_.prctl(sys_.PR_SET_CHILD_SUBREAPER, 1)
        if cell["agent_scope"]:  # after the mounts, which a Landlock domain refuses
            _enter_scope(cell["agent_scope"])


def _enter_scope(scope):
    """A Landlock domain of the agent's own: ``kill(-1)`` then reaches this run and nothing else."""
    # A domain refuses moves between directories unless it handles and allows them.
    refer = sys_.LANDLOCK_ACCESS_FS_REFER
    ruleset = sys_.landlock_create(refer, 0, scope)
    try:
        rules.allow_path(ruleset, "/", refer, 0)
        sys_.landlock_restrict(ruleset)
    finally:
        os.close(ruleset)


# --- once per cell, in the program's process: what is the run's alone ------------------------


def open_cell(cell, owner):
    """Enter a session and namespaces of the run's own, and make what it may write.

    Args:
        cell: the plan's ``cell`` object.
        owner: ``(uid, gid)`` that the program will have, in the fork server's user namespace.

    Where an agent gathers the run, that has done all but the session. Returns the descriptors
    that the warden holds on to: a procfs of the run's own and its mount namespace, or none.
    A namespace that nobody else holds is taken down while the program ends, and its end waits.
    """
    with step("session"):
        os.setsid()
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        os.umask(0o022)
    if cell["gathers"] == "agent":
        return []
    _enter_namespaces(cell, owner)
    if not cell["proc"]:
        return []
    with step("proc"):
        _mount_proc()
        proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return [proc, os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)]


def _enter_namespaces(cell, owner):
    with step("namespaces"):
        flags = 0
        for layer in cell["layers"]:
            if layer != "pid-namespace":
                flags |= NAMESPACE_FLAGS.get(layer, 0)
        if flags:
            sys_.unshare(flags)
    if cell["mounts"]:
        with step("directories"):
            _mount_directories(cell, owner)


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
    with step("disk"):
        sys_.mount(
            None,
            cell["box"],
            None,
            sys_.MS_REMOUNT | sys_.MS_NOSUID | sys_.MS_NODEV,
            "size=%d,nr_inodes=%d" % (size, cell["inodes"]),
        )


# --- once per cell, in the program's process: what cannot be undone --------------------------


def confine(cell, owner, directories, cgroup_fd, keep_fds, proc_fd, parent):
    """Apply everything that cannot be undone, in this order; seccomp is the last.

    Args:
        cell: the plan's ``cell`` object.
        owner: ``(uid, gid)`` of the program in the fork server's user namespace.
        directories: absolute paths of the working and temporary directories.
        cgroup_fd: an open ``cgroup.procs`` of the cell's leaf, or -1.
        keep_fds: the only descriptors that stay open.
        proc_fd: a procfs that shows this process.
        parent: the process id of the parent, 0 outside of this pid namespace.

    Returns the listener of the filter, or -1 for a filter without one.
    """
    layers = cell["layers"]
    if cgroup_fd >= 0:
        with step("cgroup"):
            os.write(cgroup_fd, b"0")
    with step("descriptors"):
        sys_.close_all_but([*keep_fds, *rules.opened(cell)])
    if "rlimits" in layers:
        with step("rlimits"):
            set_rlimits(cell["rlimits"])
            os.nice(cell["nice"])
    if "uid" in layers:
        with step("uid"):
            os.setgroups([])
            os.setresgid(owner[1], owner[1], owner[1])
            os.setresuid(owner[0], owner[0], owner[0])
    if "user-namespace" in layers:
        with step("user-namespace"):
            sys_.prctl(sys_.PR_SET_DUMPABLE, 1)
            sys_.unshare(sys_.CLONE_NEWUSER)
            _write_own_map(cell["uid"], owner[0], cell["gid"], owner[1], proc_fd)
    if "capabilities" in layers:
        with step("capabilities"):
            sys_.drop_capabilities()
    with step("parent-death"):  # again, since a change of ids clears it
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            raise OSError(errno.ESRCH, "the parent is gone")
    with step("no-new-privs"):
        sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
        # The warden, which may have the same uid, must be able to see what the program holds.
        sys_.prctl(sys_.PR_SET_DUMPABLE, 1)
    with step("working-directory"):
        os.chdir(directories["work"])
    if cell["landlock"] is not None:
        with step("landlock"):
            cell["rules"].restrict(directories)
    if "seccomp" in layers:
        with step("seccomp"):
            program = cell["filter"].of_this_process()
            if cell["notify"]:
                return sys_.seccomp_install(program, sys_.SECCOMP_FILTER_FLAG_NEW_LISTENER)
            sys_.seccomp_install(program)
    return -1


def set_rlimits(limits):
    """Set soft and hard resource limits, by the names of ``RLIMITS``."""
    for name, value in limits.items():
        which = RLIMITS[name]
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))
