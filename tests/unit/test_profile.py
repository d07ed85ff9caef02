"""The syscall policy: what each profile allows and refuses in each world, as data and as filters."""

from __future__ import annotations

import dataclasses
import fcntl
import functools
import itertools
import mmap
import os
import random
import socket
import termios
from types import SimpleNamespace

import pytest

from berm.errors import PolicyError
from berm.kernel.bpf import ALLOW, SELF_PID, Action, assemble, instruction_count, with_pid
from berm.kernel.bpf_simulator import check, run
from berm.kernel.syscalls import number_of, table
from berm.policy import profile as policy
from berm.policy.profile import (
    ALL_FLAGS,
    NAMES,
    NO_FLAGS,
    WORLDS,
    constants,
    flags_of,
    groups,
    load_profile,
    make_filter,
    policy_rules,
    profile_filter,
    reach,
    reachable,
    refusals,
)

BOTH = list(itertools.product(NAMES, WORLDS))
EACH = list(itertools.product(NAMES, WORLDS, (NO_FLAGS, ALL_FLAGS)))
ME = 4242


@functools.cache
def compiled(profile: str, world: str, flags=ALL_FLAGS, *, with_notify: bool = False):
    """The filter of process ME, decoded."""
    wanted = make_filter(load_profile(profile), world, flags, with_notify=with_notify)
    return check(with_pid(assemble(wanted), ME))


# --- the data -------------------------------------------------------------------------------------


def test_every_rule_has_a_reason_of_its_own():
    rules = [rule for group in groups().values() for rule in group]
    assert len(rules) > 60
    for rule in rules:
        assert len(rule.reason) >= 20
        assert rule.reason.endswith(".")


def test_every_group_is_used_and_has_a_title():
    used = set()
    for name in NAMES:
        for entries in load_profile(name).groups.values():
            for entry in entries:
                used.update(entry.replace(" if ", " ").replace(" else ", " ").split())
    assert set(groups()) <= used


@pytest.mark.parametrize("module", [fcntl, mmap, termios, socket, os])
def test_constants_agree_with_python(module):
    shared = {
        name: number
        for name, number in constants().items()
        if hasattr(module, name) and not name.startswith("F_GETPIPE")
    }
    assert {name: int(getattr(module, name)) for name in shared} == shared


def test_the_constants_of_each_header_are_checked_somewhere():
    checked = {
        name
        for module in (fcntl, mmap, termios, socket, os)
        for name in constants()
        if hasattr(module, name)
    }
    assert {"F_DUPFD", "MAP_SHARED", "TCGETS", "AF_UNIX", "SOCK_SEQPACKET", "O_TRUNC"} <= checked


@pytest.mark.parametrize(("name", "world", "flags"), EACH)
def test_each_call_is_spoken_about_in_one_place(name, world, flags):
    spoken: dict[str, str] = {}
    for rule in policy_rules(load_profile(name), world, flags):
        for call in rule.calls:
            assert spoken.setdefault(call, rule.group) == rule.group


def test_every_syscall_has_a_reason_to_be_allowed_or_refused():
    spoken = {call for group in groups().values() for rule in group for call in rule.calls}
    assert sorted(set(table()) - spoken) == []


# --- the surface ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_the_attack_surface_is_the_one_that_was_agreed_to(name, world):
    """Growing it takes a change of `[surface]` in the profile's TOML, where its reason stands."""
    surface = load_profile(name).surface
    assert len(reachable(name, world)) == getattr(surface, world)
    assert len(surface.reason) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_the_confined_world_reaches_no_call_that_the_other_does_not(name):
    assert set(reachable(name, "confined")) <= set(reachable(name, "namespaces"))


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_an_older_landlock_opens_nothing(name, world):
    assert set(reachable(name, world, NO_FLAGS)) <= set(reachable(name, world, ALL_FLAGS))


def test_reach_tells_the_conditions():
    found = reach("python", "confined")
    assert found["read"] == ()
    assert found["kill"] == ("arg0:32 == SELF",)
    assert found["prlimit64"] == ("arg0:32 == 0",)
    assert len(found["socketpair"]) == 2
    assert "arg1:32 == PRIO_PROCESS" not in found["setpriority"][0]
    old = reach("python", "confined", NO_FLAGS)
    assert old["open"] == ("not (arg1:32 & O_ACCMODE|O_TRUNC == O_TRUNC)",)


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_filters_are_small(name, world):
    program = profile_filter(name, SimpleNamespace(landlock_abi=7, flight_limit=True), world)
    assert instruction_count(program) < 256


def test_filters_are_made_once_per_host():
    features = SimpleNamespace(landlock_abi=7, flight_limit=True)
    assert profile_filter("python", features, "confined") is profile_filter(
        load_profile("python"), SimpleNamespace(landlock_abi=6, flight_limit=True), "confined"
    )


@pytest.mark.parametrize("bounded", [False, True])
def test_flags_follow_what_the_kernel_has(bounded):
    hosts = [SimpleNamespace(landlock_abi=abi, flight_limit=bounded) for abi in range(8)]
    found = [len(flags_of(host)) - bounded for host in hosts]
    assert found == [0, 0, 0, 1, 1, 1, 2, 2]


# --- properties over random calls -----------------------------------------------------------------


def random_calls(seed: int, count: int = 3000):
    chance = random.Random(seed)
    numbers = [*table().values(), 472, 600]
    small = [*constants().values(), *range(40), ME, SELF_PID, 2**32 - 1, 2**64 - 1]
    for _ in range(count):
        yield chance.choice(numbers), [chance.choice(small) for _ in range(6)]


@pytest.mark.parametrize("name", NAMES)
def test_the_confined_world_never_allows_what_the_other_refuses(name):
    loose, tight = compiled(name, "namespaces"), compiled(name, "confined")
    allowed = 0
    for nr, args in random_calls(1):
        if run(tight, nr, args=args) == ALLOW.word:
            allowed += 1
            assert run(loose, nr, args=args) == ALLOW.word, (nr, args)
    assert allowed > 300


@pytest.mark.parametrize(("name", "world", "flags"), EACH)
def test_notification_never_allows_more_and_answers_the_same(name, world, flags):
    loaded = load_profile(name)
    plain = compiled(name, world, flags)
    telling = compiled(name, world, flags, with_notify=True)
    answers = refusals(loaded, world, flags)
    told = 0
    for nr, args in random_calls(2):
        before, after = run(plain, nr, args=args), run(telling, nr, args=args)
        if after == policy.bpf.USER_NOTIF.word:
            told += 1
            if nr == number_of(policy.ENDING):
                assert before == ALLOW.word
                continue
            assert before == Action.errno(answers[nr].errno).word
        else:
            assert before == after
    assert told > 100


def test_refusals_say_what_was_tried():
    found = refusals("python", "confined", ALL_FLAGS)
    assert found[number_of("socket")].what == "a network connection"
    assert found[number_of("fork")].what == "starting another process"
    assert all(1 <= refusal.errno < 4096 and refusal.what for refusal in found.values())


# --- mistakes in the data -------------------------------------------------------------------------


def test_an_unknown_profile_is_refused():
    with pytest.raises(PolicyError, match="no profile 'cobol'"):
        load_profile("cobol")


def test_a_group_that_speaks_twice_is_refused():
    loaded = load_profile("python")
    twice = dataclasses.replace(loaded, groups={"confined": ("fork", "thread-only", "refused")})
    with pytest.raises(PolicyError, match="speak about clone"):
        policy_rules(twice, "confined", ALL_FLAGS)


def test_unknown_groups_and_flags_are_refused():
    loaded = load_profile("python")
    for entry, text in (("nonsense", "no group"), ("open if moon else open", "no flag")):
        wrong = dataclasses.replace(loaded, groups={"confined": (entry, "refused")})
        with pytest.raises(PolicyError, match=text):
            policy_rules(wrong, "confined", ALL_FLAGS)
