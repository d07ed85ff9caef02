"""The audit's pure parts: headers, judgement, what is switched off together; and its collection."""

from __future__ import annotations

import dataclasses
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from berm.audit import ablation, report
from berm.audit.attack import Attack, all_attacks, parse_attack, part
from berm.audit.props import NEEDS, fill
from berm.audit.runner import Trial, select
from berm.audit.verdict import Seen, Status, end_of, judge, may_be_anothers
from berm.errors import IsolationError, PolicyError
from berm.kernel.features import HostFeatures
from berm.model import Guarantee, Limits, Outcome, OutcomeKind
from berm.policy.layers import LAYERS
from berm.policy.plan import PlanSettings, Runtime, make_plan
from berm.policy.profile import load_profile

ROOT = Path(__file__).resolve().parents[2]

HEADER = """# id = "x"
# title = "try something"
# guarantee = "network"
# layers = ["seccomp"]
# source = ["somebody#1"]
# bare = "user"
"""


# --- headers -------------------------------------------------------------------------------------


def test_a_header_is_read() -> None:
    attack = parse_attack("x.py", HEADER + "# limits = { memory = 67108864 }\nprint(1)\n")
    assert (attack.id, attack.language, attack.guarantee) == ("x", "python", Guarantee.NETWORK)
    assert attack.limits.memory == 67108864
    assert attack.support == ("attack.py",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.rb", HEADER),
        ("y.py", HEADER),
        ("x.py", HEADER.replace("network", "nonsense")),
        ("x.py", HEADER.replace('["seccomp"]', "[]")),
        ("x.py", HEADER + '# colour = "red"\n'),
        ("x.py", HEADER.replace('bare = "user"', 'bare = ""')),
        ("x.py", HEADER + '# expect = ["tired"]\n'),
        ("x.py", HEADER + '# stage = "never"\n'),
        ("x.py", HEADER + "# limits = { memory = 1 }\n"),
        ("x.py", "# not = toml = at all\n"),
        ("x.py", "print(1)\n"),
    ],
)
def test_a_wrong_header_names_the_file(name: str, text: str) -> None:
    with pytest.raises(PolicyError, match=name):
        parse_attack(name, text)


def test_the_collection_is_whole() -> None:
    attacks = all_attacks().values()
    assert len(attacks) >= 150
    assert {attack.guarantee for attack in attacks} == set(Guarantee)
    for attack in attacks:
        assert {*attack.layers, *attack.confined} <= set(LAYERS), attack.id
        assert set(attack.needs) <= NEEDS, attack.id
        assert attack.source, attack.id
        assert not attack.bare or not attack.why, attack.id
        for name in (*attack.support, *filter(None, [attack.neighbour])):
            assert part(name), name
        if "@@" in attack.text:
            assert attack.stage == "compile", attack.id


def test_every_bomb_has_a_reason_not_to_be_run_bare() -> None:
    for attack in all_attacks().values():
        if (
            attack.id.startswith(("compile-bomb", "output-flood", "bomb-chain"))
            or attack.id == "bomb-fork"
        ):
            assert not attack.bare, attack.id
            assert attack.why, attack.id


def test_no_source_holds_what_a_scan_looks_for() -> None:
    for attack in all_attacks().values():
        assert not re.search(r"bermcanary-[0-9a-f]{32}", attack.text), attack.id


def test_every_published_escape_is_attacked_or_says_where() -> None:
    table = tomllib.loads((ROOT / "docs/_ext/published.toml").read_text("utf-8"))
    sources = [source for attack in all_attacks().values() for source in attack.source]
    for escape in table["escape"]:
        words = escape.get("match", [])
        matched = any(source.startswith(word) for source in sources for word in words)
        paths = re.findall(r"`(tests/[\w/.]+)`", escape.get("elsewhere", ""))
        assert matched or paths, escape["name"]
        assert all((ROOT / path).is_file() for path in paths), escape["name"]


def test_selection() -> None:
    assert [attack.id for attack in select(["net-tcp6"])] == ["net-tcp6"]
    assert {attack.guarantee for attack in select(["disk"])} >= {Guarantee.DISK}
    assert len(select()) == len(all_attacks())
    assert select(["nothing-of-that-name"]) == []


def test_staged_values_are_filled_in() -> None:
    assert fill('#include "@@path@@" @@port@@', {"path": "/a b", "port": 7}) == '#include "/a b" 7'
    with pytest.raises(KeyError):
        fill("@@missing@@", {})


# --- judgement -----------------------------------------------------------------------------------


def _attack(**changes: Any) -> Attack:
    return dataclasses.replace(parse_attack("x.py", HEADER), **changes)


EXITED = Outcome(OutcomeKind.EXITED, 0)


@pytest.mark.parametrize(
    ("changes", "seen", "status"),
    [
        ({}, Seen(b"HELD EPERM\n", EXITED), Status.HELD),
        ({}, Seen(b"ESCAPED all of it\n", EXITED), Status.ESCAPED),
        ({}, Seen(b"HELD EPERM\n", EXITED, evidence=("a secret",)), Status.ESCAPED),
        ({}, Seen(b"HELD EPERM\n", EXITED, left=("a process",)), Status.ESCAPED),
        ({}, Seen(b"HELD a\nESCAPED b\n", EXITED), Status.ESCAPED),
        ({}, Seen(b"MOOT no such thing here\n", EXITED), Status.NOT_APPLICABLE),
        ({}, Seen(b"MOOT x\n", EXITED, evidence=("a secret",)), Status.ESCAPED),
        ({}, Seen(b"", EXITED), Status.UNCLEAR),
        ({}, Seen(b"Traceback\n", Outcome(OutcomeKind.EXITED, 1)), Status.UNCLEAR),
        ({}, Seen(b"HELD x\n", Outcome(OutcomeKind.EXITED, 1)), Status.UNCLEAR),
        ({}, Seen(b"", Outcome(OutcomeKind.SIGNALLED, None, 31)), Status.HELD),
        ({}, Seen(b"", Outcome(OutcomeKind.SIGNALLED, None, 11)), Status.UNCLEAR),
        ({}, Seen(b"", Outcome(OutcomeKind.MEMORY_LIMIT)), Status.UNCLEAR),
        ({"expect": ("memory_limit",)}, Seen(b"", Outcome(OutcomeKind.MEMORY_LIMIT)), Status.HELD),
        ({"expect": ("exited:7",)}, Seen(b"", Outcome(OutcomeKind.EXITED, 7)), Status.HELD),
        ({"expect": ("exited:7",)}, Seen(b"", EXITED), Status.UNCLEAR),
        ({"expect": ("exited",)}, Seen(b"", Outcome(OutcomeKind.EXITED, 3)), Status.HELD),
        (
            {"expect": ("signalled:SIGABRT",)},
            Seen(b"", Outcome(OutcomeKind.SIGNALLED, None, 6)),
            Status.HELD,
        ),
        (
            {"expect": ("memory_limit",)},
            Seen(b"ESCAPED held 400 MiB\n", Outcome(OutcomeKind.MEMORY_LIMIT)),
            Status.ESCAPED,
        ),
    ],
)
def test_judgement(changes: dict[str, Any], seen: Seen, status: Status) -> None:
    found, detail = judge(_attack(**changes), seen)
    assert found is status, detail
    assert detail


@pytest.mark.parametrize(
    ("seen", "again"),
    [
        ({"left": ("mount /var/lib/containers/x", "mount /run/netns/y")}, True),
        ({"left": ("mount /mnt", "process 7 (sh)")}, False),
        ({"left": ("mount /mnt",), "evidence": ("a secret",)}, False),
        ({"left": ("mount /mnt",), "output": b"ESCAPED all of it\n"}, False),
    ],
)
def test_only_mounts_alone_may_be_anothers(seen: dict[str, Any], again: bool) -> None:
    status, detail = judge(_attack(), Seen(**{"output": b"HELD x\n", "outcome": EXITED, **seen}))
    assert status is Status.ESCAPED
    assert may_be_anothers(detail) is again


def test_ends_are_written_as_headers_do() -> None:
    assert end_of(Outcome(OutcomeKind.EXITED, 7)) == "exited:7"
    assert end_of(Outcome(OutcomeKind.SIGNALLED, None, 6)) == "signalled:SIGABRT"
    assert end_of(Outcome(OutcomeKind.SIGNALLED, None, 35)) == "signalled:35"
    assert end_of(Outcome(OutcomeKind.WALL_LIMIT)) == "wall_limit"


def test_the_exit_code_tells_of_any_escape() -> None:
    held = Trial(_attack(), Status.HELD, "")
    assert report.exit_code([held, Trial(_attack(), Status.NOT_APPLICABLE, "")]) == 0
    assert report.exit_code([held, Trial(_attack(), Status.ESCAPED, "")]) == 1
    assert report.exit_code([Trial(_attack(), Status.UNCLEAR, "")]) == 1


def test_the_matrix_has_every_trial_and_cannot_be_broken_by_details() -> None:
    trials = [
        Trial(_attack(id="a"), Status.HELD, "EPERM", ("seccomp",)),
        Trial(_attack(id="b", title="x | y"), Status.ESCAPED, "a | b\nc" + "d" * 500),
    ]
    rows = [line for line in report.matrix(trials).splitlines() if line.startswith("| `")]
    assert len(rows) == 2
    assert "| held | seccomp |" in rows[0]
    assert "x \\| y" in rows[1]
    assert len(rows[1]) < 400


# --- layers switched off -------------------------------------------------------------------------


def _features(**changes: Any) -> HostFeatures:
    """A machine that can do everything, for an ordinary user."""
    given: dict[str, Any] = {}
    for field in dataclasses.fields(HostFeatures):
        if field.type in ("bool", bool):
            given[field.name] = True
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            given[field.name] = {"int": 0, "str": ""}.get(str(field.type))
    given |= {"uid": 1000, "landlock_abi": 7, "setuid": False, "cgroup_v2": None}
    return HostFeatures(**{**given, **changes})


def _plan(features: HostFeatures, off: tuple[str, ...], family: str) -> Any:
    runtime = Runtime(read_paths=(), interpreter=sys.executable)
    settings = PlanSettings(family=family, ablate=off)
    return make_plan(load_profile("python"), features, runtime, settings)


@pytest.mark.parametrize("family", ["namespaces", "confined"])
@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("uid", [0, 1000])
def test_no_ablation_lets_the_launcher_kill_the_machine(
    layer: str, alone: bool, family: str, uid: int
) -> None:
    features = _features(uid=uid, setuid=uid == 0)
    in_force = _plan(features, (), family).enforcement.layers
    if layer not in in_force:
        return
    off = ablation.only(layer, in_force) if alone else ablation.without(layer, in_force)
    try:
        plan = _plan(features, off, family)
    except IsolationError:
        assert uid == 0  # no program ever runs as root
        return
    assert ablation.bounded(plan), off
    assert (layer in plan.enforcement.layers) is alone


def test_an_unbounded_launcher_is_seen() -> None:
    features = _features()
    plan = _plan(features, ("pid-namespace", "landlock-scope"), "namespaces")
    wrong = dataclasses.replace(plan, cell={**plan.cell, "kill_all": True, "agent_scope": 0})
    assert not ablation.bounded(wrong)
    assert ablation.bounded(plan)


def test_a_layer_alone_keeps_what_it_stands_on() -> None:
    every = tuple(LAYERS)
    assert "mount-namespace" not in ablation.only("pivot-root", every)
    assert "no-new-privs" not in ablation.only("seccomp", every)
    assert {"seccomp", "landlock-fs"} <= set(ablation.only("pid-namespace", every))
    assert "uid" not in ablation.only("seccomp", every)
    assert ablation.without("seccomp", every) == ("seccomp",)


def test_the_second_layers_are_counted() -> None:
    attack = _attack(limits=Limits())
    steps = [
        ablation.Ablation("seccomp", True, (Trial(attack, Status.HELD, ""),)),
        ablation.Ablation("landlock-net", True, (Trial(attack, Status.ESCAPED, "x"),)),
        ablation.Ablation("network-namespace", True, (Trial(attack, Status.HELD, ""),)),
        ablation.Ablation("seccomp", False, (Trial(attack, Status.ESCAPED, ""),)),
    ]
    found = ablation.second_layers(steps)
    assert found == {Guarantee.NETWORK: {"x": ["seccomp", "network-namespace"]}}
    none = ablation.Ablation(ablation.NONE, True, (Trial(attack, Status.HELD, ""),))
    assert ablation.second_layers([none, *steps]) == {}
    assert "no isolating layer 0 of 1" in report.ablation_text([none])
    text = report.ablation_text(steps)
    assert "1 of 1: x" in text
    assert "1 by 2" in text
