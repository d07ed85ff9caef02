"""cgroup files read and written in a directory that looks like one; the kernel's part is in integration."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from berm.errors import CellError, IsolationError
from berm.kernel import cgroup_search
from berm.kernel.cgroups import CgroupLimits, Leaf, Subtree

LEAF_FILES = {
    "cgroup.events": "populated 0\nfrozen 0\n",
    "cgroup.procs": "",
    "cgroup.kill": "",
    "memory.max": "max\n",
    "memory.swap.max": "max\n",
    "memory.oom.group": "0\n",
    "memory.current": "4096\n",
    "memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n",
    "cpu.stat": "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n",
    "cpu.max": "max 100000\n",
    "pids.max": "max\n",
    "pids.events": "max 7\n",
}


@pytest.fixture
def leaf(tmp_path: Path) -> Leaf:
    for name, text in LEAF_FILES.items():
        (tmp_path / name).write_text(text)
    return Leaf(tmp_path)


def written(leaf: Leaf, name: str) -> str:
    return (leaf.path / name).read_text()


def test_limits_are_written_in_the_kernels_words(leaf: Leaf):
    leaf.limit(CgroupLimits(memory=64 << 20, pids=9, cpu=1.5))
    assert written(leaf, "memory.max").startswith("67108864")
    assert written(leaf, "memory.swap.max").startswith("0")
    assert written(leaf, "memory.oom.group").startswith("1")
    assert written(leaf, "pids.max").startswith("9")
    assert written(leaf, "cpu.max").startswith("150000 100000")


def test_none_leaves_a_limit_alone(leaf: Leaf):
    leaf.limit(CgroupLimits())
    assert all(written(leaf, name) == text for name, text in LEAF_FILES.items())


def test_missing_swap_accounting_is_no_error_and_a_missing_limit_is(leaf: Leaf):
    (leaf.path / "memory.swap.max").unlink()
    leaf.limit(CgroupLimits(memory=1 << 20))
    (leaf.path / "pids.max").unlink()
    with pytest.raises(CellError, match=r"pids\.max") as caught:
        leaf.limit(CgroupLimits(pids=3))
    assert caught.value.step == "cgroup"


def test_usage_with_and_without_the_kernels_peaks(leaf: Leaf):
    used = leaf.usage()
    assert (used.memory_peak, used.cpu_time, used.pids_peak) == (4096, 1.5, None)
    assert (used.oom_kills, used.pids_refused, used.populated) == (2, 7, False)
    (leaf.path / "memory.current").write_text("1024\n")
    assert leaf.usage().memory_peak == 4096  # the largest seen
    (leaf.path / "memory.peak").write_text("8192\n")
    (leaf.path / "pids.peak").write_text("4\n")
    assert (leaf.usage().memory_peak, leaf.usage().pids_peak) == (8192, 4)


def test_a_leaf_joins_by_an_open_file(leaf: Leaf):
    fd = leaf.open_procs()
    assert os.get_inheritable(fd) is False
    os.write(fd, b"0")
    os.close(fd)
    assert leaf.pids() == [0]


def test_mounts_are_read_from_mountinfo():
    lines = [
        "25 30 0:23 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755",
        "26 25 0:24 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw",
        "35 25 0:33 /docker/12 /mnt/with\\040space rw shared:9 - cgroup2 cgroup rw,nsdelegate",
        "36 25 0:34 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
    ]
    assert list(cgroup_search._mounts(lines)) == [
        (Path("/sys/fs/cgroup/unified"), "/"),
        (Path("/mnt/with space"), "/docker/12"),
    ]


def test_a_directory_that_is_no_cgroup_is_refused_with_the_reason(tmp_path: Path):
    with pytest.raises(IsolationError, match="No such file") as caught:
        cgroup_search.find_subtree(tmp_path)
    assert "Delegate=yes" in caught.value.remedy
    (tmp_path / "cgroup.controllers").write_text("cpu pids\n")
    with pytest.raises(IsolationError, match="has the controllers cpu, pids"):
        cgroup_search.find_subtree(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cgroup.controllers"]


def test_a_subtree_without_memory_is_refused(tmp_path: Path):
    (tmp_path / "cgroup.controllers").write_text("pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("pids\n")
    with pytest.raises(IsolationError, match="hands down"):
        Subtree.open(tmp_path)
