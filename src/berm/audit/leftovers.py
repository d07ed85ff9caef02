"""What a run left behind: processes, mounts, directories, cgroups, descriptors of the service.

A survivor cannot hide by a double fork: while an audit runs, this process is the subreaper of
all that it starts, so that every orphan of a cell that got out of its launcher becomes its
child. What the engine itself keeps (fork servers, parked cells) is known from a look while
nothing runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from berm.engine import Engine
from berm.kernel import _libc

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h, Linux 3.4
PATIENCE = 20.0
"""Seconds that an engine may take to bury a cell and to park the next."""


@dataclasses.dataclass(frozen=True, slots=True)
class Traces:
    """What an engine holds at one moment.

    Attributes:
        trees: fork server → (cells parked there, processes below it, itself included).
        strays: descendants of this process below no fork server: pid → name.
        mounts, folders, groups: mount points, run directories and cgroups.
        descriptors: how many descriptors this process has open.
    """

    trees: Mapping[int, tuple[int, int]]
    strays: Mapping[int, str]
    mounts: frozenset[str]
    folders: frozenset[str]
    groups: frozenset[str]
    descriptors: int

    @classmethod
    def look(cls, engine: Engine, run_dir: Path) -> Self:
        """Look now."""
        table = _processes()
        servers = {pool.server_pid: pool.parked for pool in engine.pools if pool.server_pid}
        below = _below(os.getpid(), table)
        trees = {}
        for server, parked in servers.items():
            tree = _below(server, table) | {server}
            trees[server] = (parked, sum(table[pid].state != "Z" for pid in tree if pid in table))
            below -= tree
        strays = {pid: table[pid].name for pid in below if table[pid].state != "Z"}
        return cls(
            trees=trees,
            strays=strays,
            mounts=_mounts(),
            folders=_folders(run_dir),
            groups=_groups(engine),
            descriptors=len(list(Path("/proc/self/fd").iterdir())),
        )

    def left_since(self, before: Traces) -> list[str]:
        """Return what is here now and was not before, beyond what the engine may keep."""
        left = [
            f"process {pid} ({name})"
            for pid, name in self.strays.items()
            if pid not in before.strays
        ]
        for server, (parked, count) in self.trees.items():
            if server in before.trees:
                was_parked, was = before.trees[server]
                each = -(-(was - 1) // was_parked) if was_parked else 3
                allowed = was + max(0, parked - was_parked) * each
                if count > allowed:
                    left.append(f"{count - allowed} processes in the cells of {server}")
        left += [f"mount {point}" for point in sorted(self.mounts - before.mounts)]
        left += _more("run directory", before.folders, self.folders, self.trees, before.trees)
        left += _more("cgroup", before.groups, self.groups, self.trees, before.trees)
        spare = 4 * max(0, _parked(self.trees) - _parked(before.trees))
        spare += 4 * len(self.trees.keys() - before.trees.keys())
        if self.descriptors > before.descriptors + spare:
            left.append(f"{self.descriptors - before.descriptors} descriptors of the service")
        return left


async def settled(engine: Engine, run_dir: Path) -> Traces:
    """Wait until nothing changes any more, and return what is there then."""
    end = time.monotonic() + PATIENCE
    last = Traces.look(engine, run_dir)
    still = 0
    while still < 3 and time.monotonic() < end:
        await asyncio.sleep(0.05)
        now = Traces.look(engine, run_dir)
        still = still + 1 if now == last else 0
        last = now
    return last


async def left(engine: Engine, run_dir: Path, before: Traces) -> list[str]:
    """Wait until all of a run is gone; return what is not after a while."""
    end = time.monotonic() + PATIENCE
    while True:
        found = Traces.look(engine, run_dir).left_since(before)
        if not found or time.monotonic() > end:
            return found
        await asyncio.sleep(0.02)


def become_subreaper(wanted: bool = True) -> None:
    """Have every orphan below this process become its child."""
    with contextlib.suppress(OSError):  # gVisor of 2022 has none, and `cleanup` is refused there
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, int(wanted))


def descendants() -> dict[int, str]:
    """Return all living processes below this one: pid → name."""
    table = _processes()
    below = _below(os.getpid(), table)
    return {pid: table[pid].name for pid in below if table[pid].state != "Z"}


@dataclasses.dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    state: str
    name: str


def _processes() -> dict[int, _Process]:
    table = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text("utf-8", "replace")
        except OSError:
            continue  # it ended meanwhile
        head, _, tail = text.rpartition(")")
        state, parent = tail.split()[:2]
        table[int(folder.name)] = _Process(int(parent), state, head.partition("(")[2])
    return table


def _below(root: int, table: Mapping[int, _Process]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, process in table.items():
        children.setdefault(process.parent, []).append(pid)
    found: set[int] = set()
    front = [root]
    while front:
        for pid in children.get(front.pop(), ()):
            if pid not in found:
                found.add(pid)
                front.append(pid)
    return found


def _mounts() -> frozenset[str]:
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(line.split()[4] for line in lines)


def _folders(run_dir: Path) -> frozenset[str]:
    """Run directories: one a fork server, and below it one a cell."""
    found = set()
    for server in run_dir.iterdir():
        found.add(server.name)
        with contextlib.suppress(OSError):
            found |= {f"{server.name}/{cell.name}" for cell in server.iterdir()}
    return frozenset(found)


def _groups(engine: Engine) -> frozenset[str]:
    subtree = engine.features.cgroup_v2
    if not subtree or "cgroup" in engine.config.ablate:
        return frozenset()
    try:
        return frozenset(str(path) for path in Path(subtree).rglob("*") if path.is_dir())
    except OSError:
        return frozenset()


def _parked(trees: Mapping[int, tuple[int, int]]) -> int:
    return sum(parked for parked, _ in trees.values())


def _more(
    what: str,
    before: frozenset[str],
    now: frozenset[str],
    trees: Mapping[int, tuple[int, int]],
    old: Mapping[int, tuple[int, int]],
) -> list[str]:
    """Each parked cell has at most one; names change as cells do, so only the number counts."""
    new_servers = len(trees.keys() - old.keys())
    allowed = len(before) + max(0, _parked(trees) - _parked(old)) + new_servers
    return (
        [f"{len(now) - allowed} of {what}: {sorted(now - before)[:3]}"]
        if len(now) > allowed
        else []
    )
