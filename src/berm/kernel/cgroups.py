"""cgroup v2 by plain file writes: one leaf a run, below a subtree that is ours.

Kernel documentation: admin-guide/cgroup-v2.rst. First versions: cgroup.freeze 5.2, cgroup.kill 5.14,
memory.peak 5.19, pids.peak 6.1; each has a fallback here.

Rule of the kernel that shapes this file: a cgroup that gives controllers to its children may have no
processes itself ("no internal processes"). So :meth:`Subtree.open` first moves what lives in the subtree's
own directory, the service included, into a leaf ``service``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from berm.errors import CellError, IsolationError

NEEDED: Final = frozenset({"memory", "pids"})
WANTED: Final = frozenset({"memory", "pids", "cpu"})
SERVICE_LEAF: Final = "service"
CPU_PERIOD: Final = 100_000  # microseconds, the kernel's default


@dataclasses.dataclass(frozen=True, slots=True)
class CgroupLimits:
    """Limits of one leaf; None leaves a limit open.

    Attributes:
        memory: bytes, swap excluded (swap is set to 0).
        pids: processes and threads.
        cpu: processors' worth of time, for example 1.0.
    """

    memory: int | None = None
    pids: int | None = None
    cpu: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CgroupUsage:
    """What the processes of a leaf used so far.

    Attributes:
        memory_peak: bytes; the largest value seen by :meth:`Leaf.usage` where the kernel keeps no peak.
        cpu_time: seconds, user and system.
        pids_peak: None where the kernel keeps none.
        oom_kills: processes killed because of ``memory.max``.
        pids_refused: forks refused because of ``pids.max``.
        populated: some process is alive.
    """

    memory_peak: int
    cpu_time: float
    pids_peak: int | None
    oom_kills: int
    pids_refused: int
    populated: bool


class Leaf:
    """The cgroup of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._peak_seen = 0

    def limit(self, limits: CgroupLimits) -> None:
        """Set the limits.

        Raises:
            CellError: the kernel refused one.
        """
        if limits.memory is not None:
            self._write("memory.max", str(limits.memory))
            self._write("memory.swap.max", "0", optional=True)  # absent without swap accounting
            self._write("memory.oom.group", "1")  # one killed: the whole run ends
        if limits.pids is not None:
            self._write("pids.max", str(limits.pids))
        if limits.cpu is not None:
            self._write("cpu.max", f"{max(1000, round(limits.cpu * CPU_PERIOD))} {CPU_PERIOD}")

    def open_procs(self) -> int:
        """Return ``cgroup.procs`` opened for writing: a process that writes ``0`` to it joins.

        The kernel judges by who opened the file, so an unprivileged cell can use it.
        """
        return os.open(self.path / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)

    def pids(self) -> list[int]:
        """Return the processes inside; 0 stands for one of another pid namespace."""
        return [int(line) for line in self._read("cgroup.procs").split()]

    @property
    def populated(self) -> bool:
        """True while a process inside is alive (zombies count until they are reaped)."""
        return _keys(self._read("cgroup.events")).get("populated") == 1

    def kill(self) -> None:
        """Send SIGKILL to every process inside, forks in flight included."""
        try:
            self._write("cgroup.kill", "1")
        except CellError as err:
            if err.errno != errno.ENOENT:
                raise
        else:
            return
        with contextlib.suppress(CellError):
            self._write("cgroup.freeze", "1")  # a frozen process dies of SIGKILL, and forks no more
        for _ in range(1000):
            pids = [pid for pid in self.pids() if pid > 0]
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not self.populated:
                break
            time.sleep(0.001)
        with contextlib.suppress(CellError):
            self._write("cgroup.freeze", "0")

    def wait_empty(self, seconds: float) -> bool:
        """Wait until no process is inside; return False if the time was over first."""
        deadline = time.monotonic() + seconds
        fd = os.open(self.path / "cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        try:
            poll = select.poll()
            poll.register(fd, select.POLLPRI)
            while _keys(os.pread(fd, 4096, 0).decode()).get("populated") == 1:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                poll.poll(min(left, 0.05) * 1000)
        finally:
            os.close(fd)
        return True

    def usage(self) -> CgroupUsage:
        """Return what was used so far; call it before :meth:`remove`."""
        peak = self._number("memory.peak")
        if peak is None:
            self._peak_seen = max(self._peak_seen, self._number("memory.current") or 0)
            peak = self._peak_seen
        memory_events = _keys(self._read("memory.events"))
        return CgroupUsage(
            memory_peak=peak,
            cpu_time=_keys(self._read("cpu.stat")).get("usage_usec", 0) / 1e6,
            pids_peak=self._number("pids.peak"),
            oom_kills=memory_events.get("oom_kill", 0),
            pids_refused=_keys(self._read("pids.events")).get("max", 0),
            populated=self.populated,
        )

    def remove(self, seconds: float = 2.0) -> bool:
        """Kill what is inside and remove the cgroup; return False if it is still there after the time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return True
            except OSError as err:
                if err.errno != errno.EBUSY:
                    raise CellError(
                        f"The cgroup {self.path} cannot be removed: {err.strerror}.",
                        step="cgroup",
                        errno=err.errno or 0,
                    ) from err
            else:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self.kill()
            self.wait_empty(min(left, 0.2))

    def _write(self, name: str, text: str, *, optional: bool = False) -> None:
        try:
            write(self.path / name, text)
        except OSError as err:
            if optional and err.errno == errno.ENOENT:
                return
            raise CellError(
                f"{name} of {self.path} could not be set to {text}: {err.strerror}.",
                step="cgroup",
                errno=err.errno or 0,
            ) from err

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text("ascii")
        except FileNotFoundError:
            return ""

    def _number(self, name: str) -> int | None:
        text = self._read(name).strip()
        return int(text) if text.isdigit() else None


class Subtree:
    """A cgroup of which the children are the runs' leaves.

    Attributes:
        path: its directory.
        controllers: what the leaves have; ``memory`` and ``pids`` always, ``cpu`` where it is to be had.
    """

    def __init__(self, path: Path, controllers: frozenset[str], *, made: bool) -> None:
        self.path = path
        self.controllers = controllers
        self._made = made
        self._created: set[Path] = set()

    @classmethod
    def open(cls, path: Path) -> Subtree:
        """Prepare a directory that :func:`berm.kernel.cgroup_search.find_subtree` returned: empty it of processes, hand down controllers.

        Raises:
            IsolationError: the kernel refused a step.
        """
        try:
            made = not path.exists()
            if made:
                path.mkdir()
                _hand_down(path.parent, WANTED)
            if (path / "cgroup.type").exists():  # the real root may keep its processes
                _move_into_leaf(path)
            controllers = _hand_down(path, WANTED)
        except OSError as err:
            raise IsolationError(
                f"The cgroup {path} cannot be used: {err.strerror}.",
                meaning="memory.max and pids.max cannot be set for a run.",
                remedy="Delegate a cgroup v2 subtree (systemd: Delegate=yes), or set `cgroup` to one.",
            ) from err
        if not controllers >= NEEDED:
            raise IsolationError(
                f"The cgroup {path} hands down {', '.join(sorted(controllers)) or 'no controllers'}.",
                meaning="Runs need the memory and the pids controller.",
                remedy="Delegate both (systemd: Delegate=memory pids cpu).",
            )
        return cls(path, controllers, made=made)

    def create(self, name: str, limits: CgroupLimits) -> Leaf:
        """Make the leaf of a run; its directory's name starts with this process's identity.

        Raises:
            CellError: the name is taken, or the kernel refused a limit.
        """
        leaf = Leaf(self.path / f"{_identity(os.getpid())}-{name}")
        try:
            leaf.path.mkdir()
        except OSError as err:
            raise CellError(
                f"The cgroup {leaf.path} could not be made: {err.strerror}.",
                step="cgroup",
                errno=err.errno or 0,
            ) from err
        if "cpu" not in self.controllers:
            limits = dataclasses.replace(limits, cpu=None)
        try:
            leaf.limit(limits)
        except CellError:
            leaf.path.rmdir()
            raise
        self._created.add(leaf.path)
        return leaf

    def leaves(self) -> Iterator[Leaf]:
        """Yield the leaves that are there, also those of other services."""
        for child in sorted(self.path.iterdir()):
            if child.is_dir() and child.name != SERVICE_LEAF:
                yield Leaf(child)

    def clear(self) -> None:
        """Kill and remove every leaf whose service is no more, after a SIGKILL for instance."""
        for leaf in self.leaves():
            owner = leaf.path.name.partition("-")[0]
            if _identity(int(owner.partition(".")[0] or 0)) != owner:
                leaf.remove()

    def close(self) -> None:
        """Remove the leaves made here, and the subtree if :meth:`open` made it and nobody uses it."""
        for path in self._created:
            Leaf(path).remove()
        self._created.clear()
        if self._made:
            with contextlib.suppress(OSError):
                self.path.rmdir()


def _identity(pid: int) -> str:
    """Return ``PID.START`` (proc(5), field 22 of stat), which no later process has; "" if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return f"{pid}.{stat.rpartition(')')[2].split()[19]}"


def _hand_down(path: Path, controllers: frozenset[str]) -> frozenset[str]:
    """Enable what there is of the controllers for the children; return what they have then."""
    for name in sorted(controllers & set((path / "cgroup.controllers").read_text("ascii").split())):
        write(path / "cgroup.subtree_control", f"+{name}")
    return frozenset((path / "cgroup.subtree_control").read_text("ascii").split())


def _move_into_leaf(path: Path) -> None:
    leaf = path / SERVICE_LEAF
    for _ in range(100):  # processes may fork meanwhile
        pids = (path / "cgroup.procs").read_text("ascii").split()
        if not pids:
            return
        leaf.mkdir(exist_ok=True)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                write(leaf / "cgroup.procs", pid)
    raise OSError(errno.EBUSY, "processes keep appearing in it")


def write(path: Path, text: str) -> None:
    """Write to a control file in one call, which is what the kernel expects; never create it."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode("ascii"))
    finally:
        os.close(fd)


def _keys(text: str) -> dict[str, int]:
    """Read a flat keyed file: ``name number`` lines."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        name, _, number = line.partition(" ")
        if number.strip().isdigit():
            found[name] = int(number)
    return found
