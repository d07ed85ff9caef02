"""``Profile x HostFeatures -> CellPlan``: which layers a cell gets, computed here, applied there.

Pure: no I/O, so that every decision is a table in a test. The launcher
(:mod:`berm_cell.steps`) applies what the plan names and fails where it cannot; it never
decides. What a machine cannot give is decided here, where the requirement can be checked.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence

from berm.errors import InputError, IsolationError
from berm.kernel import landlock
from berm.kernel.bpf import SELF_PID
from berm.kernel.features import HostFeatures
from berm.kernel.syscalls import number_of
from berm.model import MIB, Enforcement, Guarantee
from berm.policy.layers import LAYERS, STRICT, enforce
from berm.policy.places import ETC, OWN_MAPS, minimal_root
from berm.policy.profile import ENDING, Profile, World, flags_of, profile_filter, refusals

_QUEUES = {"msgqueue": 0, "sigpending": 256, "nice": 0, "rtprio": 0}

DEFAULT_PRELOAD = (
    *("abc", "array", "bisect", "cmath", "collections", "collections.abc", "contextlib", "copy"),
    *("dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "heapq", "io"),
    *("itertools", "json", "math", "operator", "os", "queue", "random", "re", "statistics"),
    *("string", "struct", "textwrap", "threading", "time", "traceback", "typing", "linecache"),
)
"""The modules that student programs import most, and those that an uncaught exception needs."""


@dataclasses.dataclass(frozen=True, slots=True)
class Runtime:
    """What a fork server hosts: the part of a language that the plan needs.

    Attributes:
        read_paths: host paths that the runtime reads, shown or allowed read-only.
        in_process: True if the program runs inside the forked interpreter.
        interpreter: the Python that runs the launcher.
        env: environment of the fork server; with ``in_process`` that of the program too.
        preload: modules to import before the first fork.
    """

    read_paths: tuple[str, ...]
    interpreter: str
    in_process: bool = False
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    preload: tuple[str, ...] = DEFAULT_PRELOAD


@dataclasses.dataclass(frozen=True, slots=True)
class PlanSettings:
    """The operator's part of a plan; see :class:`berm.config.Config` for the meaning."""

    family: str = "auto"
    require: tuple[Guarantee, ...] = tuple(Guarantee)
    strict: bool = False
    ablate: tuple[str, ...] = ()
    disk: int = 64 * MIB
    inodes: int = 8192
    nice: int = 10
    watch_interval: float = 0.02
    run_dir: str = "/tmp"  # noqa: S108 - only a base; run directories below it are unguessable


@dataclasses.dataclass(frozen=True, slots=True)
class CellPlan:
    """What the launcher will do, as plain data, and what the user is promised for it.

    Attributes:
        profile: name of the profile.
        runtime: what the fork server hosts.
        berth, cell: the launcher's orders, see ``berm_cell.steps``.
        enforcement: the promise.
        key: identity of the plan; equal plans share a pool.
        refused: syscall number → what a program tries with it, for those that are told.
    """

    profile: str
    runtime: Runtime
    berth: Mapping[str, object]
    cell: Mapping[str, object]
    enforcement: Enforcement
    key: str
    refused: Mapping[int, str]

    def frame(self) -> dict[str, object]:
        """Return the frame that starts a fork server."""
        return {"op": "plan", "plan": {"berth": self.berth, "cell": self.cell}}

    @property
    def counts_processes(self) -> bool:
        """True where RLIMIT_NPROC counts this cell's processes and nobody else's."""
        layers = self.cell["layers"]
        return isinstance(layers, list) and ("user-namespace" in layers or "uid" in layers)

    @property
    def counts_data(self) -> bool:
        """True where RLIMIT_DATA counts; else RLIMIT_AS stands in for it."""
        return self.cell["counts_data"] is True

    @property
    def owners(self) -> str:
        """How cells get their ids: ``slots`` (each its own uid) or ``shared``."""
        return "slots" if "uid" in self.enforcement.layers else "shared"


def choose_family(features: HostFeatures, wanted: str = "auto") -> World:
    """Return ``namespaces`` or ``confined``; raise if neither can work here."""
    namespaces = (
        features.mount_ns
        and features.pid_ns
        and features.net_ns
        and features.mount_tmpfs
        and features.bind_mount
        and features.pivot_root
        and features.mount_proc
    )
    if wanted == "namespaces" and not namespaces:
        raise IsolationError(
            "The namespaces plan was asked for, and this machine does not allow it.",
            meaning="Cells of that plan are made by root, or by a user who may make user namespaces.",
            remedy="Set isolation.plan to auto, start Berm as root, or allow user namespaces: `berm doctor`"
            " tells what is missing.",
        )
    if wanted == "confined" or not namespaces:
        return "confined"
    return "namespaces"


def make_plan(
    profile: Profile, features: HostFeatures, runtime: Runtime, settings: PlanSettings
) -> CellPlan:
    """Compute the plan, or raise :class:`IsolationError` where a required guarantee is not held."""
    family = choose_family(features, settings.family)
    layers = _layers(family, features, runtime, settings)
    enforcement = enforce(family, layers, features)
    _require(enforcement, features, settings)
    berth_layers, cell_layers = _share_out(family, layers, features)
    mounts = "mount-namespace" in layers and "pivot-root" in layers
    gathers = _gathers(profile, family, layers, cell_layers)
    scope = 0
    if "pid-namespace" not in cell_layers and gathers == "agent" and "landlock-scope" in layers:
        scope = landlock.scopes(features.landlock_abi)
    told = refusals(profile.name, family, flags_of(features))
    notify = features.seccomp_notify and "seccomp" in layers
    directories = {"work": "/work", "tmp": "/tmp"} if mounts else {}  # noqa: S108
    cell: dict[str, object] = {
        **directories,
        "layers": cell_layers,
        "box": "/box",
        "run_dir": settings.run_dir,
        "in_process": runtime.in_process,
        # What these two need of each other matters only where an ablation takes one away.
        "mounts": mounts,
        "proc": mounts and "pid-namespace" in cell_layers,
        "pid_setns": family == "namespaces" or features.pid_setns,
        "gathers": gathers,
        # kill(-1) reaches what the agent may signal: this run, where one of the two bounds it.
        "kill_all": "pid-namespace" in cell_layers or scope != 0,
        "disk": settings.disk,
        "inodes": settings.inodes,
        "nice": settings.nice,
        "uid": 1000,
        "gid": 1000,
        "watch_interval": settings.watch_interval,
        "rlimits": {"core": 0, "memlock": 64 * 1024, **(_QUEUES if features.rlimit_queues else {})},
        "landlock": _landlock(family, layers, features, runtime),
        "agent_scope": scope,
        "seccomp": base64.b64encode(
            profile_filter(profile, features, family, with_notify=notify)
        ).decode("ascii"),
        "notify": notify,
        "ending": number_of(ENDING) if notify else -1,
        "answers": {str(number): refusal.errno for number, refusal in told.items()},
        "self_pid": SELF_PID,
        "counts_data": features.rlimit_data,
    }
    berth: dict[str, object] = {
        "layers": berth_layers,
        "ids": {
            "written_by": "host" if features.uid == 0 and features.setuid else "self",
            # A program keeps this id where it has no user namespace of its own.
            "inside": 1000 if "copied-root" in berth_layers else 0,
        },
        "root": minimal_root(runtime.read_paths, proc="pid-namespace" in berth_layers),
        "adopts": features.subreaper,
        "run_dir": settings.run_dir,
        "preload": list(runtime.preload) if runtime.in_process else [],
    }
    identity = json.dumps([berth, cell, dataclasses.asdict(runtime)], sort_keys=True)
    key = hashlib.sha256(identity.encode()).hexdigest()[:16]
    what = {number: refusal.what for number, refusal in told.items()}
    return CellPlan(profile.name, runtime, berth, cell, enforcement, key, what)


def _copies_root(family: str, features: HostFeatures, runtime: Runtime) -> bool:
    """Tell whether a copy of the runtime's files can stand in for mounts and Landlock (gVisor).

    It needs a pid namespace, so that nothing of the host's /proc is needed inside, and a runtime
    that is in the launcher's own process: what that reads is known and small.
    """
    return family == "confined" and _could_copy_root(features) and runtime.in_process


def _could_copy_root(features: HostFeatures) -> bool:
    namespaces = features.way == "userns" and features.pid_ns and features.net_ns
    possible = namespaces and features.ns_chroot and features.seccomp_filter
    return possible and not features.landlock_abi


def _layers(
    family: str, features: HostFeatures, runtime: Runtime, settings: PlanSettings
) -> tuple[str, ...]:
    """Every layer that this machine can give this family, minus the ablated ones."""
    abi = features.landlock_abi
    root = features.uid == 0 and features.setuid
    namespaces = family == "namespaces"
    copied = _copies_root(family, features, runtime)
    own = namespaces or copied
    given = {
        "user-namespace": copied or (namespaces and features.userns),
        "pid-namespace": own,
        "mount-namespace": namespaces,
        "network-namespace": own,
        "ipc-namespace": own and features.ipc_ns,
        "uts-namespace": own and features.uts_ns,
        "cgroup-namespace": namespaces and features.cgroup_ns,
        "pivot-root": namespaces and "mount-namespace" not in settings.ablate,
        "copied-root": copied,
        "cgroup": features.cgroup_v2 is not None,
        "rlimits": True,
        "uid": root,
        "capabilities": True,
        "no-new-privs": True,
        "landlock-fs": abi >= 1,
        "landlock-net": abi >= 4,
        "landlock-scope": abi >= 6,
        "seccomp": features.seccomp_filter,
        "agent": own or features.subreaper,
        "watchdog": namespaces or features.proc_children or features.proc_parents,
    }
    return tuple(name for name in LAYERS if given[name] and name not in settings.ablate)


def _require(enforcement: Enforcement, features: HostFeatures, settings: PlanSettings) -> None:
    """Fail closed: what is required and not held is an error that names it and the way out."""
    if features.uid == 0 and "uid" not in enforcement.layers:
        raise IsolationError(
            "A program would run as root here, and no ablation may do that.",
            meaning="One kill(-1) of it would end every process of the machine.",
            remedy="Keep the layer uid, or start Berm as an ordinary user.",
        )
    if settings.ablate:
        return
    missing = [g.value for g in settings.require if g not in enforcement.guarantees]
    if missing:
        raise IsolationError(
            f"This machine cannot hold: {', '.join(missing)}.",
            meaning=_why(features),
            remedy=(
                "Allow user namespaces, or run on a kernel with Landlock (5.13 or later, 6.12 for"
                " all of it), or name what to give up: isolation.give_up"
                f" = {json.dumps(missing)}. `berm doctor` shows every layer."
            ),
        )
    if settings.strict:
        weak = [g.value for g in STRICT if len(enforcement.guarantees.get(g, ())) < 2]
        if weak:
            raise IsolationError(
                f"isolation.require is strict, and only one layer holds: {', '.join(weak)}.",
                meaning=_why(features),
                remedy='Set isolation.require to "standard", or give the machine more layers'
                " (`berm doctor` names them).",
            )


def demand(enforcement: Enforcement, wanted: str | Sequence[Guarantee | str]) -> None:
    """Check what one run asks for on top; raises :class:`IsolationError` if it is not held.

    Args:
        enforcement: what the run would get.
        wanted: ``standard`` (every guarantee), ``strict`` (filesystem, network and processes
            held by two layers each as well), or the names of guarantees.
    """
    strict = wanted == "strict"
    try:
        names = (
            tuple(Guarantee) if strict or wanted == "standard" else tuple(map(Guarantee, wanted))
        )
    except ValueError as error:
        raise InputError(
            f"min_isolation is {wanted!r}.",
            remedy=f"Give standard, strict, or some of: {', '.join(Guarantee)}.",
        ) from error
    held = enforcement.guarantees
    missing = [name.value for name in names if name not in held]
    missing += [f"{g.value} by two layers" for g in STRICT if strict and len(held.get(g, ())) < 2]
    if missing:
        raise IsolationError(
            f"This run asks for {', '.join(missing)}, which this machine does not hold.",
            remedy="Send it to a machine that does (`berm doctor`), or ask for less.",
        )


def _why(features: HostFeatures) -> str:
    if _could_copy_root(features):
        return (
            "Nothing can be mounted here and there is no Landlock, as in gVisor: only languages that"
            " are forked warm (Python) can be held, in a root of copies."
        )
    userns = "usable" if features.userns else "not usable"
    return f"User namespaces are {userns} here, and the Landlock ABI is {features.landlock_abi}."


_BERTH_ONLY = (
    *("network-namespace", "uts-namespace", "cgroup-namespace", "pivot-root", "copied-root"),
)


def _share_out(
    family: str, layers: Sequence[str], features: HostFeatures
) -> tuple[list[str], list[str]]:
    """Which layers the fork server enters once, and which each cell enters for itself.

    The network, UTS and cgroup namespaces are empty or constant, so one for all cells of a
    fork server does; what could carry something from run to run (processes, mounts, IPC
    objects, ids) is each cell's own.
    """
    if family == "confined" and not any(name.endswith("-namespace") for name in layers):
        return [], list(layers)
    berth = [
        name
        for name in layers
        if name in _BERTH_ONLY or name in ("user-namespace", "pid-namespace", "mount-namespace")
    ]
    cell = [name for name in layers if name not in _BERTH_ONLY]
    # A process with a changed root makes no user namespace, and in a copied one needs none.
    if (not features.userns or family == "confined") and "user-namespace" in cell:
        cell.remove("user-namespace")
    return berth, cell


def _gathers(
    profile: Profile, family: World, layers: Sequence[str], cell_layers: Sequence[str]
) -> str:
    """What all processes of a run are gathered under (see ``berm_cell.warden``)."""
    if family == "namespaces":
        return "init" if "pid-namespace" in cell_layers else "agent"
    if "copied-root" not in layers and "seccomp" in layers and not profile.forks(family):
        return "alone"
    return "agent"


def _landlock(
    family: str, layers: Sequence[str], features: HostFeatures, runtime: Runtime
) -> dict[str, object] | None:
    abi = features.landlock_abi
    if not any(name.startswith("landlock-") for name in layers):
        return None
    rights = landlock.fs_rights(abi)
    handled = rights.handled if "landlock-fs" in layers else 0
    rules: list[list[object]] = []
    if handled:
        rules = [[path, rights.execute] for path in runtime.read_paths if path != OWN_MAPS]
        rules += [[f"/dev/{name}", rights.read] for name in ("zero", "random", "urandom")]
        rules += [[f"/dev/{name}", rights.device] for name in ("null", "full")]
        rules += [["{work}", rights.write | landlock.EXECUTE], ["{tmp}", rights.write]]
        if family == "namespaces":
            # Single files, so that Landlock alone holds what the minimal root holds.
            rules += [[f"/etc/{name}", rights.read] for name in ETC]
            rules += [["/proc", rights.read]]
        elif OWN_MAPS in runtime.read_paths:
            rules += [[OWN_MAPS, rights.read]]
    return {
        "fs": handled,
        "net": landlock.net_rights(abi) if "landlock-net" in layers else 0,
        "scope": landlock.scopes(abi) if "landlock-scope" in layers else 0,
        "rules": rules,
        "file_mask": rights.for_file(~0),
    }
