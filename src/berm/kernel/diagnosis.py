"""What a missing feature means and how to get it: the text behind ``berm doctor``. Pure."""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Mapping
from typing import Final

from berm.kernel.features import HostFeatures, Problem, field_doc

_SECCOMP: Final = (
    "A container runtime's seccomp profile or capability set refuses it: give the container a profile that"
    " allows it, or leave it, for Berm's confined plan does without."
)
_USERNS: Final[Mapping[int, str]] = {
    errno.EPERM: "A container's seccomp profile refuses unshare, or kernel.unprivileged_userns_clone is 0"
    " (set it to 1). In a managed container it cannot be had; Berm's confined plan does without.",
    errno.ENOSPC: "user.max_user_namespaces is 0 or used up: raise it with sysctl."
    " Some managed platforms set it to 0 for good; Berm's confined plan does without.",
    errno.EACCES: "A security module lets the namespace be made without power, as on Ubuntu 24.04: set"
    " kernel.apparmor_restrict_unprivileged_userns to 0, or give the service an AppArmor profile with `userns,`.",
    errno.EINVAL: "The kernel is built without user namespaces (CONFIG_USER_NS).",
    errno.ENOSYS: "The kernel is built without user namespaces (CONFIG_USER_NS).",
    errno.EUSERS: "Too many nested user namespaces: start the service further outside.",
}
_LANDLOCK: Final[Mapping[int, str]] = {
    errno.ENOSYS: "The kernel is older than 5.13 or built without Landlock (gVisor, Kata's guest): use a newer"
    " kernel, or one where user namespaces work.",
    errno.EOPNOTSUPP: "Landlock is switched off at boot: add `landlock` to the kernel's lsm= parameter.",
    errno.EPERM: "An old container runtime refuses landlock_*: update it (profiles since January 2022 allow it).",
}
_ROOT_ONLY: Final = (
    "Only root has it; cells are made in user namespaces or the confined plan instead."
)
_OLD_KERNEL: Final = "The kernel is too old or lacks it (gVisor): Berm goes on without."
_REMEDIES: Final[Mapping[str, str | Mapping[int, str]]] = {
    "landlock_abi": _LANDLOCK,
    "userns": _USERNS,
    "seccomp_filter": "Nothing can be run without it: use a kernel with CONFIG_SECCOMP_FILTER.",
    "seccomp_notify": "Users see a bare error number instead of what was refused. Needs Linux 5.0, and not gVisor.",
    "mount_proc": "Kubernetes masks /proc: set procMount: Unmasked, or leave it; a cell then has no /proc.",
    "chroot": _ROOT_ONLY,
    "setuid": _ROOT_ONLY,
    "rlimit_queues": "Nothing is lost: the kernel (gVisor) has none of what these limit.",
    "rlimit_data": "The watchdog alone holds memory where there is no cgroup (gVisor does not enforce RLIMIT_DATA).",
    "rlimit_as": "Memory needs RLIMIT_DATA or a cgroup then.",
    "pid_setns": "The kernel (gVisor) gives each cell new process ids without it.",
    "proc_parents": "Mount /proc, and without hidepid: a run's processes are not found otherwise.",
    "flight_limit": "Programs cannot pass descriptors over sockets then (gVisor); nothing else is lost.",
    "pidfd": _OLD_KERNEL,
    "subreaper": "Orphans cannot be found without a pid namespace: use one, or a newer kernel.",
    "proc_children": "Mount /proc, or use a kernel with CONFIG_PROC_CHILDREN; the whole of /proc is searched instead.",
    "smaps_rollup": "Shared pages are counted per process (RSS) instead of proportionally.",
    "openat2": _OLD_KERNEL,
    "memfd": _OLD_KERNEL,
    "close_range": _OLD_KERNEL,
    "cgroup_v2": "Delegate a cgroup v2 subtree with memory and pids (systemd: Delegate=yes), or set `cgroup` to"
    " one. Without it, rlimits and the watchdog hold memory and processes.",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Diagnosis:
    """One feature for people.

    Attributes:
        name: field of :class:`HostFeatures`.
        value: what was found.
        meaning: what the feature is for.
        why: why it is missing; empty if it is there.
        remedy: how to get it; empty if it is there.
    """

    name: str
    value: object
    meaning: str
    why: str = ""
    remedy: str = ""


def diagnose(features: HostFeatures) -> list[Diagnosis]:
    """Return every feature in order, with reason and remedy where it is missing."""
    found = []
    for field in dataclasses.fields(features):
        if field.name == "problems":
            continue
        value = getattr(features, field.name)
        problem = features.problems.get(field.name)
        found.append(
            Diagnosis(
                field.name,
                value,
                field_doc(field.name),
                str(problem) if problem else "",
                _remedy(field.name, problem) if problem else "",
            )
        )
    return found


def _remedy(name: str, problem: Problem) -> str:
    if problem.capped:
        return (
            "Raise or remove the cap (BERM_LANDLOCK_ABI, or `landlock_abi` in the configuration)."
        )
    if (
        any(part in problem.step for part in ("CLONE_NEWUSER", "setgroups", "_map"))
        and name != "setuid"
    ):
        return _USERNS.get(problem.errno, _SECCOMP)  # of the namespaces, the first one failed
    known = _REMEDIES.get(name, _SECCOMP)
    if isinstance(known, str):
        return known
    return known.get(problem.errno, _SECCOMP)
