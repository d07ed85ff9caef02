"""The layers that are entered by a fork server, and by who gathers a run; in the kernel's order.

* :func:`enter_berth` — once per fork server: the namespaces and the root that its cells share.
* what is around a cell's processes: its pid namespace, and its agent where there is one.

What is a program's own, up to its system call filter, is :mod:`berm_cell.confinement`.

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
from berm_cell import copied_root, init, minimal_root, rundir

NAMESPACE_FLAGS = {
    "mount-namespace": sys_.CLONE_NEWNS,
    "pid-namespace": sys_.CLONE_NEWPID,
    "network-namespace": sys_.CLONE_NEWNET,
    "ipc-namespace": sys_.CLONE_NEWIPC,
    "uts-namespace": sys_.CLONE_NEWUTS,
    "cgroup-namespace": sys_.CLONE_NEWCGROUP,
}


SECOND = 2
"""The process id of a program in a pid namespace of its own, as it sees it."""


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


def _write_own_map(inside_uid, uid, inside_gid, gid):
    sys_.prctl(sys_.PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root and cannot be written
    for name, text in (
        ("setgroups", "deny"),
        ("gid_map", "%d %d 1" % (inside_gid, gid)),
        ("uid_map", "%d %d 1" % (inside_uid, uid)),
    ):
        try:
            fd = os.open("/proc/self/" + name, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # gVisor asks nothing of groups, and has no such file
            if name == "setgroups":
                continue
            raise
        try:
            os.write(fd, text.encode("ascii"))
        finally:
            os.close(fd)


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


def new_pid_namespace(path, own):
    """Make a pid namespace with its init, for others to join; returns its descriptor, and that process's id.

    Args:
        path: of the init program.
        own: a descriptor of the fork server's own pid namespace.
    """
    with step("pid-namespace"):
        sys_.unshare(sys_.CLONE_NEWPID)
        try:
            process = init.spawn(path)
            try:
                name = "/proc/self/ns/pid_for_children"
                return os.open(name, os.O_RDONLY | os.O_CLOEXEC), process
            except OSError:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                raise
        finally:
            sys_.setns(own, sys_.CLONE_NEWPID)


def return_to_pid_namespace(own):
    """Let the children to come be of the fork server's own pid namespace again."""
    with step("pid-namespace"):
        sys_.setns(own, sys_.CLONE_NEWPID)


def enter_agent(cell, enter):
    """Become the process that gathers a run: every process of it is a descendant from here on.

    Args:
        cell: the plan's ``cell`` object.
        enter: called for the namespaces and mounts of the run (:meth:`Confinement.enter`).
    """
    with step("session"):
        os.setsid()
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    enter()
    with step("agent"):
        if "agent" in cell["layers"]:
            sys_.prctl(sys_.PR_SET_CHILD_SUBREAPER, 1)
        if cell["agent_scope"]:  # after the mounts, which a Landlock domain refuses
            # ``kill(-1)`` then reaches this run and nothing else. A domain refuses moves between
            # directories unless it handles and allows them.
            sys_.landlock_scope(cell["agent_scope"], sys_.LANDLOCK_ACCESS_FS_REFER)


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
