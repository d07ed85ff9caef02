"""What the kernel and the container permit here, found by trying, never by version.

The trials themselves stand in ``probe/__main__.py`` and run in a fresh interpreter, because a process that tries
namespaces and filters on itself is good for nothing afterwards and the host may have threads.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from berm.errors import ConfigError, IsolationError
from berm.kernel import cgroup_search, landlock

CAP_VARIABLE: Final = "BERM_LANDLOCK_ABI"
PROBE_SECONDS: Final = 180.0

Way: TypeAlias = Literal["root", "userns", "none"]

_NAMESPACE_FIELDS: Final = (
    "mount_ns",
    "pid_ns",
    "pid_setns",
    "net_ns",
    "ipc_ns",
    "uts_ns",
    "cgroup_ns",
    "mount_tmpfs",
    "bind_mount",
    "mount_proc",
    "pivot_root",
    "ns_chroot",
)
_PLAIN_FIELDS: Final = (
    "seccomp_filter",
    "seccomp_notify",
    "userns",
    "chroot",
    "setuid",
    "rlimit_data",
    "rlimit_as",
    "rlimit_queues",
    "flight_limit",
    "pidfd",
    "subreaper",
    "proc_children",
    "proc_parents",
    "smaps_rollup",
    "openat2",
    "memfd",
    "close_range",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Why a feature is not there.

    Attributes:
        errno: the kernel's answer, 0 if it accepted the call but it had no effect.
        step: what was tried.
        capped: it is there, and a setting forbids its use.
    """

    errno: int
    step: str
    capped: bool = False

    def __str__(self) -> str:
        return f"{self.step}: {os.strerror(self.errno)}" if self.errno else self.step


def _doc(sentence: str) -> dict[str, str]:
    return {"doc": sentence}


@dataclasses.dataclass(frozen=True, slots=True)
class HostFeatures:
    """What can be used here. ``field_doc`` has a sentence for each, ``problems`` why one is missing."""

    uid: int = dataclasses.field(metadata=_doc("Effective user id of the service."))
    capabilities: int = dataclasses.field(
        metadata=_doc("Effective capability set of the service, as a bit mask.")
    )
    landlock_abi: int = dataclasses.field(
        metadata=_doc(
            "Landlock ABI in use, 0 for none: files from 1 on, truncation from 3, TCP from 4, signals from 6."
        )
    )
    seccomp_filter: bool = dataclasses.field(
        metadata=_doc("Syscall filters can be installed, and decide.")
    )
    seccomp_notify: bool = dataclasses.field(
        metadata=_doc("A filter can report refused calls, so that the user is told.")
    )
    userns: bool = dataclasses.field(
        metadata=_doc("User namespaces can be made, and give power inside of them.")
    )
    userns_errno: int = dataclasses.field(
        metadata=_doc("Error number of the step at which a user namespace failed, else 0.")
    )
    way: Way = dataclasses.field(
        metadata=_doc(
            "How namespaces are made: as root without a user namespace, in one (userns), or not at all."
        )
    )
    mount_ns: bool = dataclasses.field(metadata=_doc("A cell can have its own mounts."))
    pid_ns: bool = dataclasses.field(
        metadata=_doc("A cell can have its own process ids, and dies with its init.")
    )
    pid_setns: bool = dataclasses.field(
        metadata=_doc("A fork server goes back to its process ids by setns to give out new ones.")
    )
    net_ns: bool = dataclasses.field(metadata=_doc("A cell can have its own, empty network."))
    ipc_ns: bool = dataclasses.field(
        metadata=_doc("A cell can have its own System V and POSIX message queues and memory.")
    )
    uts_ns: bool = dataclasses.field(metadata=_doc("A cell can have its own host name."))
    cgroup_ns: bool = dataclasses.field(metadata=_doc("A cell can have its own view of cgroups."))
    mount_tmpfs: bool = dataclasses.field(
        metadata=_doc("A cell can have sized file systems in memory.")
    )
    bind_mount: bool = dataclasses.field(
        metadata=_doc("The runtime's files can be shown read-only.")
    )
    mount_proc: bool = dataclasses.field(
        metadata=_doc("A cell can have a /proc with its own processes only.")
    )
    pivot_root: bool = dataclasses.field(
        metadata=_doc("A cell can leave the host's root for good.")
    )
    ns_chroot: bool = dataclasses.field(
        metadata=_doc("The root directory can be changed there, with or without mounts.")
    )
    chroot: bool = dataclasses.field(
        metadata=_doc("The root directory can be changed without a namespace.")
    )
    setuid: bool = dataclasses.field(
        metadata=_doc("The service can give each cell an unprivileged user id.")
    )
    rlimit_data: bool = dataclasses.field(metadata=_doc("RLIMIT_DATA counts anonymous memory."))
    rlimit_as: bool = dataclasses.field(metadata=_doc("RLIMIT_AS counts all memory mappings."))
    rlimit_queues: bool = dataclasses.field(
        metadata=_doc(
            "The limits of message queues, pending signals and priorities can be lowered."
        )
    )
    flight_limit: bool = dataclasses.field(
        metadata=_doc("The kernel bounds how many descriptors are on their way between sockets.")
    )
    pidfd: bool = dataclasses.field(
        metadata=_doc("Processes can be watched by file descriptor (pidfd_open).")
    )
    subreaper: bool = dataclasses.field(metadata=_doc("Orphans come to the run's agent."))
    proc_children: bool = dataclasses.field(metadata=_doc("/proc lists the children of a process."))
    proc_parents: bool = dataclasses.field(metadata=_doc("/proc tells the parent of each process."))
    smaps_rollup: bool = dataclasses.field(
        metadata=_doc("/proc tells the proportional memory (PSS) of a process.")
    )
    openat2: bool = dataclasses.field(
        metadata=_doc("Paths can be opened beneath a directory, without links.")
    )
    memfd: bool = dataclasses.field(metadata=_doc("Files in memory can be made and sealed."))
    close_range: bool = dataclasses.field(
        metadata=_doc("All inherited descriptors can be closed in one call.")
    )
    cgroup_v2: str | None = dataclasses.field(
        metadata=_doc("A cgroup v2 directory below which runs get memory.max and pids.max.")
    )
    yama: int | None = dataclasses.field(metadata=_doc("Yama's ptrace_scope, None without Yama."))
    problems: Mapping[str, Problem] = dataclasses.field(
        metadata=_doc("Field → why it is not there.")
    )

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON-ready data; :meth:`from_dict` reads it again."""
        plain: dict[str, object] = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self)
        }
        plain["problems"] = {
            name: dataclasses.asdict(problem) for name, problem in self.problems.items()
        }
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> HostFeatures:
        """Return the features that :meth:`as_dict` wrote."""
        values = dict(plain)
        values["problems"] = {
            name: Problem(**problem) for name, problem in plain["problems"].items()
        }
        return cls(**values)

    def with_landlock_cap(self, cap: int | None) -> HostFeatures:
        """Return the same with the Landlock ABI at most ``cap``."""
        if cap is None or cap >= self.landlock_abi:
            return self
        problems = dict(self.problems)
        problems["landlock_abi"] = Problem(0, f"capped at ABI {cap}", capped=True)
        return dataclasses.replace(self, landlock_abi=cap, problems=problems)


def field_doc(name: str) -> str:
    """Return the sentence that says what a field of :class:`HostFeatures` means."""
    for field in dataclasses.fields(HostFeatures):
        if field.name == name:
            return str(field.metadata["doc"])
    raise KeyError(name)


def probe(landlock_cap: int | None = None, cgroup: Path | None = None) -> HostFeatures:
    """Return what can be used here. Measured once per process (and configured cgroup).

    Args:
        landlock_cap: use at most this Landlock ABI; the environment variable ``BERM_LANDLOCK_ABI`` caps as well.
        cgroup: the cgroup v2 directory to use, or None to look for one.

    Raises:
        IsolationError: the probe itself could not run; nothing is known then.
        ConfigError: ``BERM_LANDLOCK_ABI`` is no number.
    """
    features = _measure(cgroup).with_landlock_cap(landlock_cap)
    text = os.environ.get(CAP_VARIABLE)
    if text:
        if not text.isdigit():
            raise ConfigError(
                f"{CAP_VARIABLE} is {text!r}.", remedy="Set it to a number, or leave it out."
            )
        features = features.with_landlock_cap(int(text))
    return features


@functools.cache
def _measure(cgroup: Path | None) -> HostFeatures:
    return interpret(run_probe(), *_find_cgroup(cgroup))


def _find_cgroup(configured: Path | None) -> tuple[str | None, str]:
    try:
        return str(cgroup_search.find_subtree(configured)), ""
    except IsolationError as err:
        return None, err.summary
    except OSError as err:  # no /proc
        return None, f"/proc cannot be read: {err.strerror}"


def run_probe() -> dict[str, Any]:
    """Run the probe in a fresh interpreter; return its raw answer.

    Raises:
        IsolationError: it did not answer.
    """
    script = Path(__file__).parent / "probe"
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(script)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=True,
            env={"PATH": os.defpath},
            cwd="/",
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as err:
        errors = getattr(err, "stderr", None) or b""
        raise IsolationError(
            "The probe of the kernel's features did not answer: "
            f"{err} {errors.decode('utf-8', 'replace')[-500:]}".rstrip(),
            meaning="Nothing is known about this machine, so nothing is run on it.",
            remedy=f"Run `{sys.executable} -I -S {script}` and look at what it says.",
        ) from err
    return answer


def interpret(
    answer: Mapping[str, Any], cgroup: str | None, cgroup_problem: str = ""
) -> HostFeatures:
    """Return the features that a probe's raw answer means. Pure."""
    problems: dict[str, Problem] = {}

    def value(found: Mapping[str, Any], name: str) -> Any:
        one = found.get(name)
        if one is None:
            return None
        if "ok" in one:
            return one["ok"]
        problems[name] = Problem(one["errno"], one["step"])
        return None

    values: dict[str, Any] = {name: bool(value(answer, name)) for name in _PLAIN_FIELDS}
    abi = value(answer, "landlock_abi") or 0
    way, space = _choose_way(answer)
    for name in _NAMESPACE_FIELDS:
        values[name] = bool(value(space, name))
        if not values[name] and name not in problems:
            first = next((space[one] for one in space if "errno" in space[one]), None)
            if first is not None:
                problems[name] = Problem(first["errno"], first["step"])
    if cgroup is None:
        problems["cgroup_v2"] = Problem(0, cgroup_problem)
    userns = problems.get("userns")
    return HostFeatures(
        uid=answer["uid"]["ok"],
        capabilities=answer["capabilities"]["ok"],
        landlock_abi=min(abi, landlock.NEWEST_ABI),
        userns_errno=userns.errno if userns else 0,
        way=way,
        cgroup_v2=cgroup,
        yama=answer["yama"]["ok"],
        problems=problems,
        **values,
    )


def _choose_way(answer: Mapping[str, Any]) -> tuple[Way, Mapping[str, Any]]:
    """Choose how namespaces are made: the way in which most of it works, root's own first."""
    ways: list[tuple[Way, Mapping[str, Any]]] = [
        ("root", answer.get("namespaces_as_root", {})),
        ("userns", answer.get("namespaces_in_userns", {})),
    ]
    scores = [sum("ok" in space.get(name, {}) for name in _NAMESPACE_FIELDS) for _, space in ways]
    best = scores.index(max(scores))
    if scores[best] == 0:
        return "none", ways[1][1]
    return ways[best]
