"""What is around the service: its user, its container, its limits. Read, never tried, and never changed."""

from __future__ import annotations

import dataclasses
import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from berm.model import MIB

if TYPE_CHECKING:
    from berm.config import Config

PLACES: Final = ("aca", "docker", "kubernetes", "systemd")

_IDENTITY: Final = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET")
_SOCKETS: Final = (
    *("run/docker.sock", "var/run/docker.sock", "run/containerd/containerd.sock"),
    *("run/crio/crio.sock", "run/podman/podman.sock"),
)
_TOKEN: Final = "var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
_UNLIMITED: Final = 1 << 60  # cgroup v1 writes "no limit" as a number near 2**63


@dataclasses.dataclass(frozen=True, slots=True)
class Surroundings:
    """What was found. Sizes are bytes; None where nothing bounds it, or where it cannot be seen.

    Attributes:
        found: the place that this looks like; "a plain machine" for none.
        bounding: capabilities that could still be got, as a bit mask.
        seccomp: mode of the filter that the process itself stands under, 0 for none.
        scratch_kind: type of the file system that runs work in.
        identity: names of variables of a managed identity, never their values.
        store: where submissions are kept, for people; ``durable`` tells whether that outlives a container.
        bus_locks_slowed: True if the kernel notices programs that lock the memory bus, and slows or ends them.
    """

    found: str
    uid: int
    capabilities: int
    bounding: int
    no_new_privs: bool
    seccomp: int
    root_readonly: bool
    run_dir: str
    scratch_kind: str
    scratch_size: int
    scratch_writable: bool
    memory_limit: int | None
    pids_limit: int | None
    open_files: int
    token: str
    identity: tuple[str, ...]
    runtime_socket: str
    store: str
    durable: bool
    address: str
    runs_at_a_time: int
    waiting: int
    bus_locks_slowed: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready data."""
        return dataclasses.asdict(self)


def look(
    config: Config,
    environ: Mapping[str, str],
    *,
    store: str,
    durable_at: Path | None,
    address: str,
    root: Path = Path("/"),
) -> Surroundings:
    """Look around.

    Args:
        store: the name of the store, for people.
        durable_at: the folder of a store on this machine's disk, None if it is elsewhere.
        address: where the service would listen.
        root: where the file system begins; tests have one of their own.
    """
    status = _fields(root / "proc/self/status")
    mounts = list(_mounts(root / "proc/self/mountinfo"))
    kind, _ = _mount_of(config.run_dir, mounts)
    disk = os.statvfs(config.run_dir) if os.path.isdir(config.run_dir) else None  # noqa: PTH112
    _, root_options = _mount_of("/", mounts)
    on = _mount_of(str(durable_at), mounts)[0] if durable_at is not None else ""
    memory = 0 if config.pool_ceiling == 0 else config.pool_mib
    return Surroundings(
        found=_place(environ, root),
        uid=os.geteuid(),
        capabilities=int(status.get("CapEff", "0"), 16),
        bounding=int(status.get("CapBnd", "0"), 16),
        no_new_privs=status.get("NoNewPrivs") == "1",
        seccomp=int(status.get("Seccomp", "0")),
        root_readonly="ro" in root_options,
        run_dir=config.run_dir,
        scratch_kind=kind,
        scratch_size=disk.f_blocks * disk.f_frsize if disk else 0,
        scratch_writable=os.access(config.run_dir, os.W_OK | os.X_OK),
        memory_limit=_least(root, "memory.max", "memory", "memory.limit_in_bytes"),
        pids_limit=_least(root, "pids.max", "pids", "pids.max"),
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        token="/" + _TOKEN if (root / _TOKEN).exists() else "",
        identity=tuple(name for name in _IDENTITY if name in environ),
        runtime_socket=next(("/" + path for path in _SOCKETS if (root / path).exists()), ""),
        store=store,
        durable=durable_at is None or on not in ("tmpfs", "overlay", "ramfs"),
        address=address,
        runs_at_a_time=config.concurrency,
        waiting=(memory + config.parked_mib + config.cache_mib) * MIB,
        bus_locks_slowed=_bus_locks_slowed(root),
    )


def _place(environ: Mapping[str, str], root: Path) -> str:
    if "CONTAINER_APP_NAME" in environ:
        return "aca"
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "kubernetes"
    if any((root / path).exists() for path in (".dockerenv", "run/.containerenv")):
        return "docker"
    if "INVOCATION_ID" in environ:
        return "systemd"
    return "a plain machine"


def _bus_locks_slowed(root: Path) -> bool:
    """Tell whether split locks cost who makes them, as the kernel's Documentation/arch/x86/buslock.rst has it."""
    flags = set(_fields(root / "proc/cpuinfo").get("flags", "").split())
    words = _text(root / "proc/cmdline").split()
    chosen = [word.partition("=")[2] for word in words if word.startswith("split_lock_detect=")]
    mode = chosen[-1].partition(":")[0] if chosen else "warn"
    if mode == "warn":  # without the setting (Linux before 5.19) an offender always waits
        mitigates = _text(root / "proc/sys/kernel/split_lock_mitigate").strip() != "0"
        return "split_lock_detect" in flags and mitigates
    if mode == "fatal":
        return bool(flags & {"split_lock_detect", "bus_lock_detect"})
    return mode == "ratelimit" and "bus_lock_detect" in flags


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _fields(path: Path) -> dict[str, str]:
    lines = _text(path).splitlines()
    return {name.strip(): value.strip() for name, _, value in (one.partition(":") for one in lines)}


def _mounts(path: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield target, type and options of each mount, as proc(5) describes mountinfo."""
    for line in _text(path).splitlines():
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if len(fields) >= 6 and rest:
            yield fields[4], rest[0], tuple(fields[5].split(","))


def _mount_of(
    path: str, mounts: list[tuple[str, str, tuple[str, ...]]]
) -> tuple[str, tuple[str, ...]]:
    """Return type and options of what a path is on; of two on one target the later one is seen."""
    best, found = "", ("", tuple[str, ...]())
    for target, kind, options in mounts:
        if Path(path).is_relative_to(target) and len(target) >= len(best):
            best, found = target, (kind, options)
    return found


def _least(root: Path, name: str, controller: str, old_name: str) -> int | None:
    """Return the tightest limit of the process's cgroup and those above it, version 2 or 1."""
    found: list[int] = []
    base = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            found += _upwards(base, path, name)
        elif controller in controllers.split(","):
            found += _upwards(base / controller, path, old_name)
    return min(found) if found else None


def _upwards(base: Path, path: str, name: str) -> Iterator[int]:
    folder = base / path.lstrip("/")
    # In a container the path may be that of the host, and only its end be there.
    for one in (folder, *folder.parents):
        if not one.is_relative_to(base):
            return
        try:
            text = (one / name).read_text("ascii").strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < _UNLIMITED:
            yield int(text)
