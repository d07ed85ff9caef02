"""Profiles: which syscalls a kind of program gets, from ``data/profiles/*.toml``, and their filters.

A profile names groups of rules (``data/groups/*.toml``), some for both worlds and some for one of them:

* ``namespaces``: the cell has its own pid, mount, network and ipc namespaces; what the program can name
  is its own.
* ``confined``: there are none; other runs of the same user can be named by number or path, so the
  filter must keep the program to itself.

A profile that needs a little more than another one ``extends`` it by groups of its own.

Each call is spoken about by exactly one group of a profile, so what happens to it can be read in one
place; the group ``refused`` comes last and speaks about the rest that is worth a reason.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from berm.errors import PolicyError
from berm.kernel import bpf
from berm.kernel.syscalls import number_of, table
from berm.policy.rules import PolicyRule, parse_rule

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from berm.kernel.features import HostFeatures

World: TypeAlias = Literal["namespaces", "confined"]
WORLDS: Final[tuple[World, ...]] = ("namespaces", "confined")
NAMES: Final = (
    "python",
    "native",
    "jvm",
    "node",
    "haskell",
    "mono",
    "shell",
    "compile",
    "compile-haskell",
    "compile-locks",
    "polls",
)

DOCKER_DEFAULT_REACH: Final = 308
"""How many of the syscalls in Berm's table Docker's default profile allows to a container without extra
capabilities, for comparison (github.com/moby/profiles, seccomp/default.json, commit cd3bed8061c7 of 2026-06-30).
Berm's largest profile is a subset of them."""

LANDLOCK_SCOPE: Final = "landlock-scope"
LANDLOCK_TRUNCATE: Final = "landlock-truncate"
FLIGHT_LIMIT: Final = "flight-limit"
ALL_FLAGS: Final = frozenset({LANDLOCK_SCOPE, LANDLOCK_TRUNCATE, FLIGHT_LIMIT})
NO_FLAGS: Final[frozenset[str]] = frozenset()

_REFUSED: Final = "refused"
_CHOICE: Final = re.compile(r"(\S+) if (\S+) else (\S+)")
_KEYS: Final = {
    "name",
    "title",
    "extends",
    "groups",
    "surface",
    *WORLDS,
}


ENDING: Final = "exit_group"
"""The call with which a program ends. Its listener hears of the end a millisecond before the kernel has
taken the address space down."""


@dataclasses.dataclass(frozen=True, slots=True)
class Surface:
    """The size of a profile's attack surface that was agreed to (a test holds it).

    Attributes:
        namespaces, confined: number of reachable syscalls in that world.
        reason: why it is as large as it is; to be written anew when a number grows.
    """

    namespaces: int
    confined: int
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """What one kind of program may ask of the kernel.

    Attributes:
        name, title: for people.
        groups: for each world the names of its groups in order; an entry may be
            ``A if FLAG else B`` with one of :data:`ALL_FLAGS`.
        surface: see :class:`Surface`.
    """

    name: str
    title: str
    groups: Mapping[World, tuple[str, ...]]
    surface: Surface

    def forks(self, world: World) -> bool:
        """True if the program may start processes; False if it may start threads only."""
        return "fork" in self.groups[world]


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """What to answer, and to tell the user, when the kernel asks about a refused call.

    Attributes:
        call: name of the syscall.
        errno: the error number that the filter without notification would have given.
        what: what the program tried, in a few words.
    """

    call: str
    errno: int
    what: str


def _data() -> Traversable:
    return resources.files("berm.policy").joinpath("data")


@functools.cache
def constants() -> Mapping[str, int]:
    """Return the kernel's numbers that rules may name (``data/constants.toml``)."""
    parsed = tomllib.loads(_data().joinpath("constants.toml").read_text("utf-8"))
    return {name: number for section in parsed.values() for name, number in section.items()}


@functools.cache
def untraced() -> Mapping[str, str]:
    """Return the calls that are allowed although no traced program makes them, with the reason."""
    return tomllib.loads(_data().joinpath("untraced.toml").read_text("utf-8"))


@functools.cache
def groups() -> Mapping[str, tuple[PolicyRule, ...]]:
    """Return every group of rules by name.

    Raises:
        PolicyError: a file is wrong; nothing starts with it.
    """
    found: dict[str, tuple[PolicyRule, ...]] = {}
    folder = _data().joinpath("groups")
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".toml"):
            continue
        for name, body in tomllib.loads(file.read_text("utf-8")).items():
            if name in found:
                raise PolicyError(f"The group {name!r} is written twice.")
            found[name] = tuple(parse_rule(name, raw, constants()) for raw in body["rule"])
            _check_order(name, found[name])
    return MappingProxyType(found)


def _check_order(group: str, rules: Iterable[PolicyRule]) -> None:
    """Refuse rules that an earlier one of the same group makes unreachable."""
    settled: set[str] = set()
    for rule in rules:
        if dead := settled.intersection(rule.calls):
            raise PolicyError(f"Group {group!r}: a second rule for {sorted(dead)} never holds.")
        if not rule.when:
            settled.update(rule.calls)


@functools.cache
def load_profile(name: str) -> Profile:
    """Return a profile by name.

    Raises:
        PolicyError: there is no such profile, or its file is wrong.
    """
    if name not in NAMES:
        raise PolicyError(
            f"There is no profile {name!r}.", remedy=f"Use one of {', '.join(NAMES)}."
        )
    raw = tomllib.loads(_data().joinpath("profiles", f"{name}.toml").read_text("utf-8"))
    if unknown := set(raw) - _KEYS:
        raise PolicyError(f"Profile {name!r} has unknown settings: {', '.join(sorted(unknown))}.")
    try:
        profile = Profile(
            name=raw["name"],
            title=raw["title"],
            groups=_groups_of(raw),
            surface=Surface(**raw["surface"]),
        )
    except (KeyError, TypeError) as err:
        raise PolicyError(f"Profile {name!r} cannot be read: {err!r}.") from err
    if profile.name != name:
        raise PolicyError(f"The file of profile {name!r} calls itself {profile.name!r}.")
    for world in WORLDS:
        for flags in (NO_FLAGS, ALL_FLAGS):
            policy_rules(profile, world, flags)
    return profile


def _groups_of(raw: Mapping[str, Any]) -> Mapping[World, tuple[str, ...]]:
    """Return world → groups of a profile's table: its own, or another profile's and its own on top."""
    if "extends" in raw:
        base = load_profile(raw["extends"]).groups
        own = {world: raw.get(world, {}).get("groups", ()) for world in WORLDS}
        return {world: (*raw["groups"], *own[world], *base[world]) for world in WORLDS}
    return {world: (*raw["groups"], *raw[world]["groups"], _REFUSED) for world in WORLDS}


def flags_of(features: HostFeatures) -> frozenset[str]:
    """Return what of the host decides between groups (``A if FLAG else B``)."""
    found = set()
    if features.landlock_abi >= 3:
        found.add(LANDLOCK_TRUNCATE)
    if features.landlock_abi >= 6:
        found.add(LANDLOCK_SCOPE)
    if features.flight_limit:
        found.add(FLIGHT_LIMIT)
    return frozenset(found)


def _choose(entry: str, flags: frozenset[str]) -> str:
    if match := _CHOICE.fullmatch(entry):
        yes, flag, no = match.groups()
        if flag not in ALL_FLAGS:
            raise PolicyError(f"{entry!r}: there is no flag {flag!r}.")
        return yes if flag in flags else no
    return entry


@functools.cache
def _rules(entries: tuple[str, ...], flags: frozenset[str]) -> tuple[PolicyRule, ...]:
    found: list[PolicyRule] = []
    spoken: dict[str, str] = {}
    for group in (_choose(entry, flags) for entry in entries):
        if group not in groups():
            raise PolicyError(f"There is no group {group!r}.")
        for rule in groups()[group]:
            for call in rule.calls:
                if spoken.setdefault(call, group) != group and group != _REFUSED:
                    raise PolicyError(f"Both {spoken[call]!r} and {group!r} speak about {call}.")
            calls = tuple(call for call in rule.calls if spoken[call] == group)
            if calls:
                found.append(dataclasses.replace(rule, calls=calls))
    return tuple(found)


def policy_rules(profile: Profile, world: World, flags: frozenset[str]) -> tuple[PolicyRule, ...]:
    """Return all rules of a profile in one world, in order."""
    return _rules(profile.groups[world], flags)


def make_filter(
    profile: Profile, world: World, flags: frozenset[str], *, with_notify: bool = False
) -> bpf.Filter:
    """Return the filter of a profile before it is assembled.

    With ``with_notify`` the refusals that have something to tell go to the listener of the filter
    instead of failing at once; the listener must answer with :func:`refusals`' number, never let the call
    go on. So does :data:`ENDING`, which the listener lets go on, or ends the program at once. If there
    is no listener any more, the kernel answers ENOSYS.
    """
    rules: list[bpf.Rule] = []
    for rule in policy_rules(profile, world, flags):
        for call in rule.calls:
            asks = with_notify and (bool(rule.notify) or call == ENDING)
            action = bpf.USER_NOTIF if asks else rule.action
            rules.extend(
                bpf.Rule(number_of(call), action, conditions) for conditions in rule.alternatives
            )
    return bpf.Filter(
        default=bpf.Action.errno(1),
        rules=tuple(rules),
        newest=max(table().values()),
    )


@functools.cache
def _assembled(name: str, world: World, flags: frozenset[str], *, with_notify: bool) -> bytes:
    return bpf.assemble(make_filter(load_profile(name), world, flags, with_notify=with_notify))


def profile_filter(
    profile: Profile | str, features: HostFeatures, world: World, *, with_notify: bool = False
) -> bytes:
    """Return the seccomp filter of a profile on this host: bytes that the cell installs as they are.

    The launcher should write the program's own process id into it first (see
    :data:`berm.kernel.bpf.SELF_PID`); without that the program cannot signal itself in the confined
    world. The bytes are computed once per profile, world and host.
    """
    name = profile if isinstance(profile, str) else profile.name
    return _assembled(name, world, flags_of(features), with_notify=with_notify)


def refusals(profile: Profile | str, world: World, flags: frozenset[str]) -> Mapping[int, Refusal]:
    """Return syscall number → what to answer and to tell, for every refusal that is told."""
    loaded = load_profile(profile) if isinstance(profile, str) else profile
    return {
        number_of(call): Refusal(call, rule.action.errno_number or 1, rule.notify)
        for rule in policy_rules(loaded, world, flags)
        if rule.notify
        for call in rule.calls
    }


def reach(
    profile: Profile | str, world: World, flags: frozenset[str] = ALL_FLAGS
) -> Mapping[str, tuple[str, ...]]:
    """Return reachable syscall → the conditions on its arguments under which it is executed.

    An empty tuple means any arguments. Several conditions of one rule are joined with "and".
    """
    loaded = load_profile(profile) if isinstance(profile, str) else profile
    found: dict[str, list[str]] = {}
    refused_before: dict[str, list[str]] = {}
    for rule in policy_rules(loaded, world, flags):
        text = " and ".join(rule.when)
        for call in rule.calls:
            if not rule.action.allows:
                if text:
                    refused_before.setdefault(call, []).append(f"not ({text})")
                continue
            found.setdefault(call, []).append(
                " and ".join(part for part in (*refused_before.get(call, ()), text) if part)
            )
    return {
        call: tuple(text for text in texts if text) if all(texts) else ()
        for call, texts in sorted(found.items())
    }


def reachable(profile: Profile | str, world: World, flags: frozenset[str] = ALL_FLAGS) -> list[str]:
    """Return the names of the syscalls that a program can reach, sorted: its attack surface."""
    return sorted(reach(profile, world, flags))
