"""What a probe's raw answer means, without a kernel."""

from __future__ import annotations

import dataclasses
import errno
import json

import pytest

from berm.errors import ConfigError, IsolationError
from berm.kernel import features as module
from berm.kernel.diagnosis import diagnose
from berm.kernel.features import HostFeatures, Problem, field_doc, interpret

PLAIN = (
    *("seccomp_filter", "seccomp_notify", "userns", "chroot", "setuid", "rlimit_data", "pidfd"),
    *("rlimit_as", "rlimit_queues", "proc_parents", "flight_limit"),
    *("subreaper", "proc_children", "smaps_rollup", "openat2", "memfd", "close_range"),
)
SPACE = (
    *("mount_ns", "pid_ns", "pid_setns", "net_ns", "ipc_ns", "uts_ns", "cgroup_ns", "mount_tmpfs"),
    *("bind_mount", "mount_proc", "pivot_root", "ns_chroot"),
)


def fail(number: int, step: str = "trying") -> dict[str, object]:
    return {"errno": number, "step": step}


def answer(**changes: object) -> dict[str, object]:
    """A probe's answer on a machine where everything works but as changed."""
    whole: dict[str, object] = {
        "uid": {"ok": 1000},
        "capabilities": {"ok": 0},
        "yama": {"ok": None},
        "landlock_abi": {"ok": 7},
        **{name: {"ok": True} for name in PLAIN},
        "namespaces_in_userns": {name: {"ok": True} for name in SPACE},
        "namespaces_as_root": {"mount_ns": fail(1), "pid_ns": fail(1)},
    }
    return {**whole, **changes}


def container(number: int, step: str) -> HostFeatures:
    """A place where user namespaces fail."""
    return interpret(
        answer(
            userns=fail(number, step),
            namespaces_in_userns={"namespaces_in_userns": fail(number, step)},
        ),
        None,
        "none is mounted",
    )


def test_a_machine_where_everything_works():
    found = interpret(answer(), "/sys/fs/cgroup/berm")
    assert found.way == "userns"
    assert found.landlock_abi == 7
    assert dict(found.problems) == {}
    assert all(getattr(found, name) for name in (*PLAIN, *SPACE))


def test_roots_own_way_is_preferred_where_it_is_as_good():
    everything = {name: {"ok": True} for name in SPACE}
    assert interpret(answer(namespaces_as_root=everything), None).way == "root"
    less = {**everything, "mount_proc": fail(1)}
    assert interpret(answer(namespaces_as_root=less), None).way == "userns"


@pytest.mark.parametrize(
    ("number", "step", "remedy"),
    [
        (errno.EPERM, "unshare(CLONE_NEWUSER)", "unprivileged_userns_clone"),
        (errno.ENOSPC, "unshare(CLONE_NEWUSER)", "max_user_namespaces"),
        (errno.EACCES, "writing /proc/self/uid_map", "apparmor"),
    ],
)
def test_no_user_namespaces_no_namespaces_and_the_reason(number, step, remedy):
    found = container(number, step)
    assert (found.way, found.userns, found.userns_errno) == ("none", False, number)
    assert found.problems["mount_ns"] == Problem(number, step)
    told = {one.name: one for one in diagnose(found)}
    assert remedy in told["userns"].remedy
    assert remedy in told["pivot_root"].remedy
    assert "Delegate=yes" in told["cgroup_v2"].remedy


def test_a_masked_proc_takes_nothing_else_away():
    space = {name: {"ok": True} for name in SPACE} | {"mount_proc": fail(1, "mounting /proc")}
    found = interpret(answer(namespaces_in_userns=space), None)
    assert not found.mount_proc
    assert "procMount" in {one.name: one for one in diagnose(found)}["mount_proc"].remedy


def test_mounts_that_fail_take_the_root_away_with_the_first_reason():
    space = {"mount_ns": fail(1, "unshare(CLONE_NEWNS)"), "pid_ns": {"ok": True}}
    found = interpret(answer(namespaces_in_userns=space), None)
    assert (found.way, found.pid_ns, found.pivot_root) == ("userns", True, False)
    assert found.problems["pivot_root"] == Problem(1, "unshare(CLONE_NEWNS)")


def test_without_landlock():
    found = interpret(answer(landlock_abi=fail(errno.EOPNOTSUPP, "landlock_create_ruleset")), None)
    assert found.landlock_abi == 0
    assert "lsm=" in {one.name: one for one in diagnose(found)}["landlock_abi"].remedy


def test_a_landlock_that_does_nothing_counts_as_none():
    raw = answer(landlock_abi=fail(0, "opening a directory: Landlock fs had no effect"))
    assert interpret(raw, None).landlock_abi == 0


def test_a_newer_landlock_is_used_as_the_newest_known():
    assert interpret(answer(landlock_abi={"ok": 12}), None).landlock_abi == 7


def test_caps():
    found = interpret(answer(), None)
    assert found.with_landlock_cap(None) is found
    assert found.with_landlock_cap(9) is found
    capped = found.with_landlock_cap(3)
    assert capped.landlock_abi == 3
    assert "BERM_LANDLOCK_ABI" in {one.name: one for one in diagnose(capped)}["landlock_abi"].remedy
    assert found.with_landlock_cap(0).landlock_abi == 0


def test_the_environment_caps_as_well(monkeypatch):
    monkeypatch.setattr(module, "_measure", lambda cgroup: interpret(answer(), None))
    monkeypatch.delenv("BERM_LANDLOCK_ABI", raising=False)
    assert module.probe().landlock_abi == 7
    assert module.probe(4).landlock_abi == 4
    monkeypatch.setenv("BERM_LANDLOCK_ABI", "3")
    assert [module.probe(cap).landlock_abi for cap in (None, 6, 1)] == [3, 3, 1]
    monkeypatch.setenv("BERM_LANDLOCK_ABI", "three")
    with pytest.raises(ConfigError):
        module.probe()


def test_features_survive_json():
    for found in (
        interpret(answer(), "/x"),
        container(1, "unshare(CLONE_NEWUSER)").with_landlock_cap(2),
    ):
        assert HostFeatures.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_every_field_has_its_sentence():
    names = [field.name for field in dataclasses.fields(HostFeatures)]
    for name in names:
        assert field_doc(name).endswith(".")
    assert [one.name for one in diagnose(interpret(answer(), None))] == names[:-1]
    with pytest.raises(KeyError):
        field_doc("moon_phase")


def test_every_missing_feature_has_a_reason_and_a_remedy():
    raw = {name: fail(38, f"trying {name}") for name in (*PLAIN, "landlock_abi")}
    space = {name: fail(1, f"trying {name}") for name in SPACE}
    found = interpret(answer(**raw, namespaces_in_userns=space), None, "none is mounted")
    for one in diagnose(found):
        if one.value in (False, None, 0) and one.name not in ("yama", "capabilities", "uid"):
            assert one.why, one.name
            assert len(one.remedy) > 20, one.name


def test_a_probe_that_does_not_answer_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(module.sys, "executable", str(tmp_path / "no-such-python"))
    with pytest.raises(IsolationError, match="did not answer") as caught:
        module.run_probe()
    assert "-I -S" in caught.value.remedy
