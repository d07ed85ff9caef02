"""cgroup v2 exercised for real: limits, accounting, killing, delegation. Stdlib only.

Run as root where cgroup v2 is mounted and memory and pids are free (most containers and every machine with
cgroup v1 controllers are not such a place; a virtual machine is)::

    PYTHONPATH=src python3 tests/integration/cgroup_checks.py

It makes /sys/fs/cgroup/berm, checks it as root, then delegates a subtree to uid 1000 and checks that; nothing is
left. Under pytest ``test_cgroups.py`` runs it, or skips with the reason.
"""

import errno
import mmap
import os
import signal
import sys
import time
from pathlib import Path

from berm.errors import CellError, IsolationError
from berm.kernel import cgroups
from berm.kernel.cgroup_search import find_subtree
from berm.kernel.cgroups import CgroupLimits, Leaf, Subtree

MIB = 1 << 20
DELEGATED = Path("/sys/fs/cgroup/berm-checks-delegated")


def child_in(leaf, function):
    """Fork a child that joins the leaf by its own hand, as a cell does."""
    procs = leaf.open_procs()
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.write(procs, b"0")
            code = function() or 0
        finally:
            os._exit(code)
    os.close(procs)
    return pid


def end_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def private_bomb():
    data = bytearray()
    while len(data) < 256 * MIB:
        data += b"x" * MIB
    return 5


def shared_bomb():
    area = mmap.mmap(-1, 256 * MIB)
    for place in range(0, len(area), 4096):
        area[place] = 1
    return 5


def memfd_bomb():
    fd = os.memfd_create("bomb")
    for _ in range(256):
        os.write(fd, b"x" * MIB)
    return 5


def check_memory(subtree):
    for bomb in (private_bomb, shared_bomb, memfd_bomb):
        leaf = subtree.create("memory", CgroupLimits(memory=64 * MIB))
        assert end_of(child_in(leaf, bomb)) == -signal.SIGKILL, bomb
        usage = leaf.usage()
        assert usage.oom_kills >= 1
        assert 32 * MIB < usage.memory_peak <= 65 * MIB, usage
        assert not usage.populated
        assert leaf.remove()
        assert not leaf.path.exists()


def check_memory_kills_the_whole_run(subtree):
    leaf = subtree.create("group", CgroupLimits(memory=64 * MIB))
    sleeper = child_in(leaf, lambda: time.sleep(60))
    while leaf.pids() != [sleeper]:
        time.sleep(0.01)
    assert end_of(child_in(leaf, private_bomb)) == -signal.SIGKILL
    assert end_of(sleeper) == -signal.SIGKILL
    assert leaf.remove()


def check_pids(subtree):
    def forks():
        made = 0
        while made < 50:
            try:
                pid = os.fork()
            except OSError as err:
                return 70 + made if err.errno == errno.EAGAIN else 1
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            made += 1
        return 2

    leaf = subtree.create("pids", CgroupLimits(pids=8))
    assert end_of(child_in(leaf, forks)) == 77  # itself and seven more
    usage = leaf.usage()
    assert usage.pids_refused >= 1
    assert usage.pids_peak in (None, 8)
    assert usage.populated
    assert leaf.remove()  # the seven orphans with it


def check_cpu(subtree):
    if "cpu" not in subtree.controllers:
        print("  (no cpu controller here)")
        return

    def spin():
        end = time.monotonic() + 2
        while time.monotonic() < end:
            pass
        return 0

    leaf = subtree.create("cpu", CgroupLimits(cpu=0.25))
    assert end_of(child_in(leaf, spin)) == 0
    used = leaf.usage().cpu_time
    assert 0.2 < used < 0.8, used
    assert leaf.remove()


def escaping_tree():
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(60)
            os._exit(0)
    time.sleep(60)
    return 0


class LeafWithoutKill(Leaf):
    """A leaf as on Linux before 5.14."""

    def _write(self, name, text, *, optional=False):
        if name == "cgroup.kill":
            raise CellError("no cgroup.kill", errno=errno.ENOENT)
        super()._write(name, text, optional=optional)


def check_kill(subtree):
    for kind in (Leaf, LeafWithoutKill):
        leaf = kind(subtree.create("kill", CgroupLimits()).path)
        pid = child_in(leaf, escaping_tree)
        while len(leaf.pids()) < 6:
            time.sleep(0.01)
        begin = time.monotonic()
        leaf.kill()
        assert leaf.wait_empty(5), kind
        print(f"  {kind.__name__}: dead after {(time.monotonic() - begin) * 1000:.0f} ms")
        assert end_of(pid) == -signal.SIGKILL
        assert not leaf.populated
        assert leaf.remove()
        assert leaf.remove()  # twice is no error


def check_wait_empty_gives_up(subtree):
    leaf = subtree.create("patience", CgroupLimits())
    pid = child_in(leaf, lambda: time.sleep(60))
    while not leaf.populated:
        time.sleep(0.01)
    assert leaf.wait_empty(0.1) is False
    assert leaf.remove()
    end_of(pid)


def check_names_and_leftovers(subtree):
    leaf = subtree.create("one", CgroupLimits())
    try:
        subtree.create("one", CgroupLimits())
    except CellError as err:
        assert err.errno == errno.EEXIST
    else:
        raise AssertionError("the same name twice")
    pid = child_in(leaf, lambda: time.sleep(60))
    while not leaf.populated:
        time.sleep(0.01)

    def service_that_is_killed():
        left = subtree.create("left", CgroupLimits())
        child_in(left, lambda: time.sleep(60))
        while not left.populated:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)

    killed = os.fork()
    if killed == 0:
        service_that_is_killed()
    assert end_of(killed) == -signal.SIGKILL
    again = Subtree.open(subtree.path)  # the next service beside this one
    left = [one for one in again.leaves() if one.path != leaf.path]
    assert len(left) == 1 and left[0].populated
    again.clear()
    assert not left[0].path.exists()
    assert leaf.populated  # whose service lives
    again.close()
    assert leaf.populated  # which made nothing itself
    subtree.close()
    assert end_of(pid) == -signal.SIGKILL
    assert not leaf.path.exists()


CHECKS = (
    check_memory,
    check_memory_kills_the_whole_run,
    check_pids,
    check_cpu,
    check_kill,
    check_wait_empty_gives_up,
    check_names_and_leftovers,  # the last one, for it closes the subtree
)


def run_all(who):
    subtree = Subtree.open(find_subtree())
    print(f"{who}: {subtree.path} {sorted(subtree.controllers)}")
    for check in CHECKS:
        begin = time.monotonic()
        check(subtree)
        print(f"  {check.__name__}: ok, {time.monotonic() - begin:.1f} s", flush=True)
    subtree.close()
    return subtree.path


def as_user():
    """What a service does to which a subtree was delegated: it lives in it, and moves aside."""
    os.setgroups([])
    os.setresgid(1000, 1000, 1000)
    os.setresuid(1000, 1000, 1000)
    path = run_all("uid 1000")
    assert path == DELEGATED, path
    own = Path("/proc/self/cgroup").read_text()
    assert own.strip().endswith(f"{DELEGATED.name}/{cgroups.SERVICE_LEAF}"), own
    assert find_subtree() == DELEGATED  # a second start, from the leaf
    return 0


def delegate():
    """Do what systemd's Delegate=yes does, for uid 1000."""
    DELEGATED.mkdir()
    for name in (".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        os.chown(DELEGATED / name, 1000, 1000)


def main():
    try:
        find_subtree()
    except IsolationError as err:
        print(err)
        return 77  # automake's "skipped"
    path = run_all("root")
    assert not path.exists()
    subtree = Subtree.open(find_subtree())  # enables the controllers at the top
    delegate()
    try:
        assert end_of(child_in(Leaf(DELEGATED), as_user)) == 0
        assert [one.name for one in DELEGATED.iterdir() if one.is_dir()] == [cgroups.SERVICE_LEAF]
    finally:
        (DELEGATED / cgroups.SERVICE_LEAF).rmdir()
        DELEGATED.rmdir()
        subtree.close()
    print("all cgroup checks hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
