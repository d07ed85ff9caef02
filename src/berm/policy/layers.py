"""The layers, and which guarantees each of them can hold in which family of plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from berm.kernel.features import HostFeatures
from berm.model import Enforcement, Guarantee

LAYERS = (
    "user-namespace",
    "pid-namespace",
    "mount-namespace",
    "network-namespace",
    "ipc-namespace",
    "uts-namespace",
    "cgroup-namespace",
    "pivot-root",
    "copied-root",
    "cgroup",
    "rlimits",
    "uid",
    "capabilities",
    "no-new-privs",
    "landlock-fs",
    "landlock-net",
    "landlock-scope",
    "seccomp",
    "agent",
    "watchdog",
)
"""Every layer, in the order in which the launcher applies them."""

HOLDS: Mapping[str, Mapping[Guarantee, tuple[str, ...]]] = {
    "namespaces": {
        Guarantee.FILESYSTEM: ("pivot-root", "landlock-fs"),
        Guarantee.NETWORK: ("network-namespace", "seccomp", "landlock-net"),
        Guarantee.PROCESSES: ("pid-namespace", "landlock-scope", "uid"),
        Guarantee.SYSCALLS: ("seccomp",),
        Guarantee.PRIVILEGES: ("user-namespace", "capabilities", "no-new-privs", "uid", "seccomp"),
        Guarantee.SECRETS: ("pid-namespace", "pivot-root", "landlock-fs", "uid"),
        Guarantee.MEMORY: ("cgroup", "rlimits", "watchdog"),
        Guarantee.CPU: ("watchdog", "rlimits"),
        Guarantee.WALL_TIME: ("watchdog",),
        Guarantee.PROCESS_COUNT: ("cgroup", "rlimits", "watchdog"),
        Guarantee.DISK: ("mount-namespace", "rlimits"),
        Guarantee.OUTPUT: ("watchdog",),
        Guarantee.CLEANUP: ("pid-namespace", "mount-namespace", "agent"),
    },
    "confined": {
        Guarantee.FILESYSTEM: ("landlock-fs", "copied-root", "uid"),
        Guarantee.NETWORK: ("network-namespace", "seccomp", "landlock-net"),
        Guarantee.PROCESSES: ("pid-namespace", "seccomp", "landlock-scope", "uid"),
        Guarantee.SYSCALLS: ("seccomp",),
        Guarantee.PRIVILEGES: ("capabilities", "no-new-privs", "uid", "seccomp"),
        Guarantee.SECRETS: ("landlock-fs", "copied-root", "uid"),
        Guarantee.MEMORY: ("cgroup", "rlimits", "watchdog"),
        Guarantee.CPU: ("watchdog", "rlimits"),
        Guarantee.WALL_TIME: ("watchdog",),
        Guarantee.PROCESS_COUNT: ("cgroup", "seccomp", "watchdog"),
        Guarantee.DISK: ("rlimits", "watchdog"),
        Guarantee.OUTPUT: ("watchdog",),
        Guarantee.CLEANUP: ("pid-namespace", "agent"),
    },
}
"""Plan family → guarantee → the layers that can hold it, strongest first. A guarantee is held
if at least one of its layers is in force."""

_TOO_WEAK = {
    Guarantee.FILESYSTEM: ("uid",),  # most of a system is world-readable
    Guarantee.SECRETS: ("uid",),  # gVisor shows every process's environment to every uid
    Guarantee.MEMORY: ("watchdog",),  # it comes too late for who takes all at once
    Guarantee.PROCESS_COUNT: ("seccomp",),  # it refuses processes, and threads are many too
    Guarantee.DISK: ("rlimits",),  # they bound one file, not how many
}
"""Layers that help others, and hold nothing alone."""

STRICT = (Guarantee.FILESYSTEM, Guarantee.NETWORK, Guarantee.PROCESSES)
"""Under ``strict`` each of these must be held by two independent layers."""


def enforce(family: str, layers: Sequence[str], features: HostFeatures) -> Enforcement:
    """Return which guarantees these layers hold, and by which of them."""
    held = {
        guarantee: tuple(name for name in names if name in layers)
        for guarantee, names in HOLDS[family].items()
    }
    if not features.rlimit_data and not features.rlimit_as:
        held[Guarantee.MEMORY] = tuple(n for n in held[Guarantee.MEMORY] if n != "rlimits")
    held = {g: names for g, names in held.items() if names != _TOO_WEAK.get(g)}
    if family == "confined" and not {"landlock-fs", "copied-root", "uid"} & set(layers):
        del held[Guarantee.PROCESSES]  # /proc/PID/mem of any process of the same uid is a file
    return Enforcement(family, {g: names for g, names in held.items() if names}, tuple(layers))
