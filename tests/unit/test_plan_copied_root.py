"""The plan for machines with user namespaces, and without mounts and Landlock: gVisor."""

import dataclasses
from typing import Any

import pytest

from berm.audit import ablation
from berm.errors import IsolationError
from berm.kernel.features import HostFeatures
from berm.model import Guarantee, Limits
from berm.policy.plan import CellPlan, PlanSettings, Runtime, make_plan
from berm.policy.profile import load_profile

PYTHON = Runtime(read_paths=("/usr",), interpreter="/usr/bin/python3", in_process=True)
NATIVE = dataclasses.replace(PYTHON, in_process=False)


def gvisor(**changes: Any) -> HostFeatures:
    """What the runsc of 2022 permits, as probed there by an ordinary user."""
    found: dict[str, Any] = {field.name: False for field in dataclasses.fields(HostFeatures)}
    found |= dict.fromkeys(
        ("seccomp_filter", "pid_ns", "net_ns", "ipc_ns", "uts_ns", "cgroup_ns", "ns_chroot"), True
    )
    found |= dict.fromkeys(("rlimit_as", "proc_parents", "memfd", "close_range"), True)
    found |= {"uid": 1000, "capabilities": 0, "landlock_abi": 0, "userns_errno": 1, "way": "userns"}
    found |= {"cgroup_v2": None, "yama": 1, "problems": {}}
    return HostFeatures(**{**found, **changes})


def plan(features: HostFeatures, runtime: Runtime = PYTHON, **settings: Any) -> CellPlan:
    profile = load_profile("python" if runtime.in_process else "native")
    return make_plan(profile, features, runtime, PlanSettings(**settings))


@pytest.mark.parametrize("changes", [{}, {"uid": 0, "setuid": True, "chroot": True}])
def test_every_guarantee_is_held_for_a_forked_python(changes: dict[str, Any]) -> None:
    made = plan(gvisor(**changes))

    assert set(made.enforcement.guarantees) == set(Guarantee)
    assert made.enforcement.plan == "confined"
    assert made.berth["layers"] == [
        *("user-namespace", "pid-namespace", "network-namespace", "uts-namespace", "copied-root"),
    ]
    layers = made.cell["layers"]
    assert isinstance(layers, list)
    assert "user-namespace" not in layers  # a process with a changed root cannot make one
    assert "pid-namespace" in layers
    assert made.cell["kill_all"] is True


def test_as_root_it_is_strict() -> None:
    made = plan(gvisor(uid=0, setuid=True), strict=True)

    assert made.enforcement.guarantees[Guarantee.FILESYSTEM] == ("copied-root", "uid")


@pytest.mark.parametrize("lost", ["ns_chroot", "pid_ns", "net_ns", "seccomp_filter"])
def test_without_one_of_its_parts_it_is_refused(lost: str) -> None:
    with pytest.raises(IsolationError, match="filesystem"):
        plan(gvisor(**{lost: False}))


def test_other_runtimes_are_refused_by_name() -> None:
    with pytest.raises(IsolationError, match="cannot hold: filesystem, processes, secrets") as info:
        plan(gvisor(), NATIVE)
    assert "only languages that are forked warm (Python)" in info.value.meaning


def test_landlock_is_preferred_to_copies() -> None:
    features = gvisor(landlock_abi=7, subreaper=True, proc_children=True)

    assert "copied-root" not in plan(features).enforcement.layers


def test_address_space_stands_in_for_the_data_limit() -> None:
    from berm.languages import Registry
    from berm.program import rlimits

    language = Registry.discover().get("python")
    step = language.run_step("main.py", (), Limits(), None)

    limited = rlimits(plan(gvisor()), step, Limits())
    assert limited["as"] > limited["data"]
    assert "as" not in rlimits(plan(gvisor(rlimit_data=True)), step, Limits())


def test_memory_is_refused_where_neither_is_enforced() -> None:
    with pytest.raises(IsolationError, match="cannot hold: memory"):
        plan(gvisor(rlimit_as=False))


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("layer", plan(gvisor()).enforcement.layers)
def test_no_ablation_of_it_lets_the_launcher_kill_the_machine(layer: str, alone: bool) -> None:
    in_force = plan(gvisor()).enforcement.layers
    off = ablation.only(layer, in_force) if alone else ablation.without(layer, in_force)

    made = plan(gvisor(), ablate=off)

    assert ablation.bounded(made), off
    kills_all = made.cell["kill_all"] is True
    assert kills_all is ("pid-namespace" in made.enforcement.layers)
