"""Where runs can get cgroup v2 leaves here: found by trying."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from berm.errors import IsolationError
from berm.kernel.cgroups import NEEDED, SERVICE_LEAF

_OWN_TOP: Final = "berm"


def find_subtree(configured: Path | None = None) -> Path:
    """Return a directory below which leaves with limits can be made; found by trying, nothing is moved.

    Tried in this order: the configured one alone, if there is one; a new one beside the cgroup that this process
    shares with others (a user's session); the cgroup that it is in, if that was delegated (the parent of a leaf
    ``service``, left from an earlier start, counts as such); for root without delegation a new one at the top, as
    container runtimes with cgroupfs do.

    Raises:
        IsolationError: there is none; the text says why for each that was tried.
    """
    tried: list[str] = []
    for candidate in [configured] if configured is not None else _candidates():
        try:
            _try(candidate)
        except OSError as err:
            tried.append(f"{candidate}: {err.strerror or err}")
        else:
            return candidate
    raise IsolationError(
        "No cgroup v2 subtree can be used (" + ("; ".join(tried) or "none is mounted") + ").",
        meaning="Memory and process counts are held by rlimits and the watchdog instead.",
        remedy="Mount cgroup v2 and delegate a subtree with memory and pids (systemd: Delegate=yes).",
    )


def _candidates() -> list[Path]:
    found: list[Path] = []
    for mount, root in _mounts(Path("/proc/self/mountinfo").read_text("utf-8").splitlines()):
        for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
            if not line.startswith("0::/"):
                continue
            inside = os.path.relpath(line[3:], root)
            if inside.startswith(".."):
                continue
            own = (mount / inside).resolve()
            if own.name == SERVICE_LEAF:
                own = own.parent
            if os.geteuid() == 0 and not _is_delegated(own):
                found.append(mount / _OWN_TOP)
                continue
            if own.parent.is_relative_to(mount) and _is_shared(own):
                found.append(own.parent / _OWN_TOP)
            found.append(own)
    return found


def _mounts(mountinfo: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """Yield (mount point, root inside of the file system) of each cgroup v2 mount (proc(5), mountinfo)."""
    for line in mountinfo:
        before, _, after = line.partition(" - ")
        if after.split()[:1] == ["cgroup2"]:
            fields = before.split()
            yield Path(fields[4].encode().decode("unicode_escape")), fields[3]


def _is_delegated(own: Path) -> bool:
    """True if a cgroup was given to us as root: systemd marks it, and a container's root is its own."""
    for name in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            return os.getxattr(own, name) == b"1"
    return own.parent.joinpath("cgroup.procs").exists() is False and (own / "cgroup.type").exists()


def _is_shared(own: Path) -> bool:
    """True if other processes are in our cgroup, which had better stay where they are."""
    try:
        return len((own / "cgroup.procs").read_text("ascii").split()) > 1
    except OSError:
        return False


def _try(path: Path) -> None:
    """Raise OSError unless leaves with limits could be made below ``path``."""
    place = path if path.exists() else path.parent
    controllers = frozenset((place / "cgroup.controllers").read_text("ascii").split())
    if not controllers >= NEEDED:
        raise OSError(
            errno.ENOTSUP, f"has the controllers {', '.join(sorted(controllers)) or 'none'}"
        )
    trial = place / f"berm-trial-{os.getpid()}"
    trial.mkdir()
    try:
        for name in (place / "cgroup.subtree_control", trial / "cgroup.procs"):
            os.close(os.open(name, os.O_WRONLY | os.O_CLOEXEC))
    finally:
        trial.rmdir()
