"""``berm doctor --for``: what is found around a service, and what is said of it, place by place."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from berm.cli import advice, surroundings
from berm.cli.advice import State
from berm.cli.surroundings import PLACES, Surroundings
from berm.config import Config
from berm.model import GIB, MIB, Guarantee
from berm.policy.layers import HOLDS, LAYERS

GOOD = Surroundings(
    found="kubernetes",
    uid=1000,
    capabilities=0,
    bounding=0,
    no_new_privs=True,
    seccomp=2,
    root_readonly=True,
    run_dir="/tmp",
    scratch_kind="tmpfs",
    scratch_size=512 * MIB,
    scratch_writable=True,
    memory_limit=2 * GIB,
    pids_limit=2048,
    open_files=65536,
    token="",
    identity=(),
    runtime_socket="",
    store="PostgreSQL at db/berm",
    durable=True,
    address="0.0.0.0",
    runs_at_a_time=2,
    waiting=448 * MIB,
    bus_locks_slowed=True,
)

STATUS = """Name:\tpython
NoNewPrivs:\t1
Seccomp:\t2
CapEff:\t0000000000000000
CapBnd:\t00000000a80425fb
"""
MOUNTS = """1 0 0:1 / / ro,relatime - overlay overlay rw
2 1 0:2 / /tmp rw,nosuid,nodev - tmpfs tmpfs rw,size=512m
3 1 0:3 / /var/lib/berm rw - ext4 /dev/sda rw
"""


def said(place, **changes):
    found = advice.checks(place, dataclasses.replace(GOOD, **changes))
    return {one.subject: one for one in found}


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_advised_where_all_is_well(place):
    found = said(place, found=place)
    assert {one.state for one in found.values()} == {State.GOOD}
    assert not any(one.flag for one in found.values())


@pytest.mark.parametrize(
    ("subject", "changes", "state", "flag"),
    [
        ("user", {"uid": 0}, State.WRONG, "runAsNonRoot: true"),
        ("capabilities", {"bounding": 0xA80425FB}, State.WEAK, "drop: [ALL]"),
        ("no_new_privs", {"no_new_privs": False}, State.WEAK, "allowPrivilegeEscalation: false"),
        ("seccomp", {"seccomp": 0}, State.WEAK, "RuntimeDefault"),
        ("root", {"root_readonly": False}, State.WEAK, "readOnlyRootFilesystem: true"),
        ("scratch", {"scratch_writable": False}, State.WRONG, "emptyDir"),
        ("scratch", {"scratch_size": 8 * MIB}, State.WRONG, "sizeLimit"),
        ("memory", {"memory_limit": None}, State.WEAK, "memory: 2Gi"),
        ("fit", {"memory_limit": GIB}, State.WEAK, "BERM_POOL_RUNS_AT_A_TIME=1"),
        ("processes", {"pids_limit": None}, State.WEAK, "podPidsLimit"),
        ("files", {"open_files": 1024}, State.WEAK, "LimitNOFILE"),
        ("store", {"durable": False}, State.WEAK, "BERM_STORE_URL"),
        ("token", {"token": "/var/run/secrets/x"}, State.WEAK, "automountServiceAccountToken"),
        ("identity", {"identity": ("IDENTITY_HEADER",)}, State.WEAK, "variables"),
        ("socket", {"runtime_socket": "/run/docker.sock"}, State.WRONG, "hostPath"),
        ("bus", {"bus_locks_slowed": False}, State.WEAK, "BERM_POOL_RUNS_AT_A_TIME=1"),
        ("address", {"address": "127.0.0.1"}, State.WEAK, "BERM_SERVE_HOST=0.0.0.0"),
        ("place", {"found": "docker"}, State.WEAK, "kubectl exec"),
    ],
)
def test_what_is_not_well_is_said_with_its_flag(subject, changes, state, flag):
    found = said("kubernetes", **changes)
    assert found[subject].state is state
    assert flag in found[subject].flag
    others = {name for name, one in found.items() if one.state is not State.GOOD} - {subject}
    assert not others


def test_the_worst_comes_first():
    found = advice.checks("docker", dataclasses.replace(GOOD, uid=0, seccomp=0, found="docker"))
    assert [one.subject for one in found[:2]] == ["user", "seccomp"]


def test_one_run_at_a_time_needs_no_watch_on_the_bus():
    assert said("kubernetes", bus_locks_slowed=False, runs_at_a_time=1)["bus"].state is State.GOOD


def test_root_is_right_under_systemd_and_wrong_in_a_container():
    assert "user" not in said("systemd", uid=0, found="systemd")
    for place in ("aca", "docker", "kubernetes"):
        assert said(place, uid=0)["user"].state is State.WRONG


def test_every_place_has_every_text():
    texts = advice.texts()
    assert set(texts["layers"]) == set(LAYERS)
    known = {name for family in HOLDS.values() for names in family.values() for name in names}
    assert set(texts["stronger"]) <= known
    for entry in texts["checks"].values():
        assert set(entry) == {"good", "bad", *PLACES}
    for entry in texts["stronger"].values():
        assert set(entry) in ({"same_as"}, set(PLACES))


@pytest.mark.parametrize("place", PLACES)
def test_a_guarantee_names_its_layers_and_what_would_add_to_them(place):
    layers = {name: name in ("seccomp", "landlock-fs", "rlimits") for name in LAYERS}
    held = {"network": ("seccomp",), "filesystem": ("landlock-fs",)}
    found = {one.guarantee: one for one in advice.promises(place, "confined", held, layers)}
    assert set(found) == set(Guarantee)
    assert list(found[Guarantee.NETWORK].held) == ["seccomp"]
    assert "6.7" in found[Guarantee.NETWORK].stronger["landlock-net"]
    assert "landlock-fs" not in found[Guarantee.FILESYSTEM].stronger
    assert ("cgroup" in found[Guarantee.MEMORY].stronger) == (place == "systemd")
    assert not found[Guarantee.OUTPUT].held


@pytest.fixture
def machine(tmp_path):
    """A file system as a container has it; its cgroup is that of version 2."""
    root = tmp_path / "root"
    for name, text in {
        "proc/self/status": STATUS,
        "proc/self/mountinfo": MOUNTS,
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "2147483648\n",
        "sys/fs/cgroup/pids.max": "max\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def look(machine, environ=None, durable_at: Path | None = None):
    config = Config(runs_at_a_time=3)
    options = {"store": "s", "durable_at": durable_at, "address": "0.0.0.0", "root": machine}
    return surroundings.look(config, environ or {}, **options)


def test_a_container_is_read(machine):
    found = look(machine)
    assert (found.capabilities, found.bounding) == (0, 0xA80425FB)
    assert found.no_new_privs
    assert found.seccomp == 2
    assert found.root_readonly
    assert found.scratch_kind == "tmpfs"
    assert found.memory_limit == 2 * GIB
    assert found.pids_limit is None
    assert found.uid == os.geteuid()
    assert found.runs_at_a_time == 3
    assert found.found == "a plain machine"


def test_the_tightest_limit_of_those_above_counts(machine):
    (machine / "proc/self/cgroup").write_text("0::/system.slice/berm.service\n")
    folder = machine / "sys/fs/cgroup/system.slice/berm.service"
    folder.mkdir(parents=True)
    (folder / "memory.max").write_text("max\n")
    (folder / "pids.max").write_text("8192\n")
    (folder.parent / "pids.max").write_text("100\n")
    found = look(machine)
    assert found.memory_limit == 2 * GIB
    assert found.pids_limit == 100


def test_cgroups_of_version_1_and_their_word_for_no_limit(machine):
    (machine / "proc/self/cgroup").write_text("5:memory:/docker/x\n4:pids:/docker/x\n")
    for controller, name, text in (
        ("memory", "memory.limit_in_bytes", "9223372036854771712"),
        ("pids", "pids.max", "77"),
    ):
        folder = machine / "sys/fs/cgroup" / controller
        folder.mkdir()
        (folder / name).write_text(text)
    found = look(machine)
    assert found.memory_limit is None
    assert found.pids_limit == 77


@pytest.mark.parametrize(
    ("environ", "files", "place"),
    [
        ({"CONTAINER_APP_NAME": "berm", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, (), "aca"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, (".dockerenv",), "kubernetes"),
        ({}, (".dockerenv",), "docker"),
        ({}, ("run/.containerenv",), "docker"),
        ({"INVOCATION_ID": "1"}, (), "systemd"),
        ({}, (), "a plain machine"),
    ],
)
def test_the_place_is_known_by_what_it_leaves(machine, environ, files, place):
    for name in files:
        (machine / name).parent.mkdir(exist_ok=True)
        (machine / name).touch()
    assert look(machine, environ).found == place


@pytest.mark.parametrize(
    ("folder", "durable"), [("/var/lib/berm", True), ("/tmp/berm", False), ("/home/berm", False)]
)
def test_a_store_on_a_tmpfs_or_the_container_s_own_disk_is_not_kept(machine, folder, durable):
    assert look(machine, durable_at=Path(folder)).durable is durable


def test_names_of_secrets_are_told_and_never_their_values(machine):
    found = look(machine, {"IDENTITY_HEADER": "hidden"})
    assert found.identity == ("IDENTITY_HEADER",)
    assert "hidden" not in repr(found.as_dict())


def test_tokens_and_sockets_are_seen(machine):
    for name in ("run/docker.sock", "var/run/secrets/kubernetes.io/serviceaccount/token"):
        (machine / name).parent.mkdir(parents=True, exist_ok=True)
        (machine / name).touch()
    found = look(machine)
    assert found.runtime_socket == "/run/docker.sock"
    assert found.token.endswith("/token")


@pytest.mark.parametrize(
    ("flags", "options", "mitigates", "slowed"),
    [
        ("fpu split_lock_detect", "quiet", "1", True),
        ("fpu split_lock_detect", "quiet", None, True),
        ("fpu split_lock_detect", "quiet", "0", False),
        ("fpu split_lock_detect", "split_lock_detect=off", "1", False),
        ("fpu bus_lock_detect", "quiet", "1", False),
        ("fpu bus_lock_detect", "split_lock_detect=fatal", "1", True),
        ("fpu bus_lock_detect", "split_lock_detect=ratelimit:10", "1", True),
        ("fpu split_lock_detect", "split_lock_detect=ratelimit:10", "1", False),
        ("fpu", "split_lock_detect=fatal", "1", False),
    ],
)
def test_what_the_kernel_does_about_bus_locks_is_read(machine, flags, options, mitigates, slowed):
    (machine / "proc/cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n\n")
    (machine / "proc/cmdline").write_text(f"root=/dev/vda {options}\n")
    if mitigates is not None:
        (machine / "proc/sys/kernel").mkdir(parents=True)
        (machine / "proc/sys/kernel/split_lock_mitigate").write_text(mitigates + "\n")
    assert look(machine).bus_locks_slowed is slowed
