"""What counts as wrong in a report from an environment, and the page that is made of reports."""

import sys
from pathlib import Path

import pytest

from berm.audit.attack import all_attacks
from berm.model import Guarantee

FOLDER = Path(__file__).resolve().parents[1] / "environments"


@pytest.fixture(scope="module")
def modules():
    sys.path.insert(0, str(FOLDER))
    try:
        import modes
        import page
    finally:
        sys.path.remove(str(FOLDER))
    return modes, page


def good(modes, name="aca", **changes):
    mode = modes.MODES[name]
    held = {g.value: ["seccomp"] for g in Guarantee if g not in mode.refused}
    refused = sorted(mode.refused)
    report = {
        "kernel": "6.18",
        "features": {"landlock_abi": 7},
        "refused": {"guarantees": refused, "text": "This | that\nGive up."} if refused else None,
        "enforcement": {"plan": "confined", "guarantees": held, "layers": ["seccomp"]},
        "conformance": [
            {"language": "c", "check": "runs", "status": "ok"},
            {"language": "java", "check": "all", "status": "not installed"},
        ],
        "attacks": [
            {"attack": "net-tcp", "guarantee": "network", "status": "held", "detail": "EPERM"},
            {
                "attack": "net-udp",
                "guarantee": "network",
                "status": "not applicable",
                "detail": "no",
            },
        ],
    }
    return {**report, **changes}


def test_a_good_report_has_no_fault(modules):
    modes, page = modules
    for name, mode in modes.MODES.items():
        assert page.faults(mode, good(modes, name)) == []


BAD = {
    "no report": {"error": "not over after 9 s", "output": "last words"},
    "refuses": {"refused": {"guarantees": ["disk"], "text": ""}},
    "neither held nor refused": {"enforcement": {"plan": "x", "guarantees": {}, "layers": []}},
    "a program ran where": {"refused": {"guarantees": [], "text": "", "runs": True}},
    "no program ran": {"conformance": []},
    "conformance": {"conformance": [{"language": "c", "check": "cpu_time", "status": "wrong"}]},
    "attack net-tcp: escaped": {
        "attacks": [
            {
                "attack": "net-tcp",
                "guarantee": "network",
                "status": "escaped",
                "detail": "connected",
            }
        ]
    },
    "attack net-tcp: unclear": {
        "attacks": [
            {"attack": "net-tcp", "guarantee": "network", "status": "unclear", "detail": ""}
        ]
    },
    "cgroup:": {"cgroup": [{"check": "pids.max", "status": "wrong"}]},
    "cgroup checks": {"cgroup_checks": {"passed": False, "output": "AssertionError"}},
}


@pytest.mark.parametrize("fault", BAD)
def test_every_fault_is_found(modules, fault):
    modes, page = modules
    found = page.faults(modes.MODES["aca"], good(modes, **BAD[fault]))
    assert found
    assert any(fault in one for one in found) or fault == "no report"


def test_a_place_that_should_refuse_and_does_not_is_a_fault(modules):
    modes, page = modules
    found = page.faults(modes.MODES["aca-landlock-off"], good(modes, "aca"))
    assert "should refuse ['filesystem'" in found[0]


def test_the_page_shows_what_was_found(modules):
    modes, page = modules
    reports = {name: good(modes, name) for name in ("aca", "aca-landlock-off", "bare-user")}
    reports["aca"]["cgroup"] = [{"check": "pids.max", "status": "ok"}]
    text = page.page(reports, {}, "./dev environments --page", "Made on x.")
    assert "./dev environments --page" in text
    assert "**`aca`, `bare-user`**" in text  # the same layers, so one table
    assert "| filesystem | **refused** |" in text
    assert "This \\| that Give up." in text
    assert "| `net-udp` | no | `aca`, `aca-landlock-off`, `bare-user` |" in text
    assert "pids.max: ok" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in lines)


def test_the_fast_run_tries_every_guarantee_and_only_what_exists(modules):
    modes, _ = modules
    attacks = all_attacks()
    assert set(modes.FAST_ATTACKS) <= set(attacks)
    assert {attacks[one].guarantee for one in modes.FAST_ATTACKS} == set(Guarantee)
    fast = {name for name, mode in modes.MODES.items() if mode.fast}
    assert fast >= {"aca", "bare-root", "bare-user", "userns-blocked", "gvisor-user"}
    assert fast >= {"aca-landlock-off"}
