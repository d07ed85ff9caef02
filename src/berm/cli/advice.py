"""What ``berm doctor --for PLACE`` says of what was found: pure, its texts in ``data/advice.toml``."""

from __future__ import annotations

import dataclasses
import enum
import functools
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from berm.cli.surroundings import Surroundings
from berm.model import GIB, MIB, Guarantee
from berm.policy.layers import HOLDS

LEAST_FILES: Final = 8192
PROGRAM: Final = 256 * MIB
"""What a program may take where nobody says otherwise (``Limits.memory``)."""
SERVICE: Final = 256 * MIB
"""What the service itself takes, with its fork servers and the analyser."""
LEAST_SCRATCH: Final = 128 * MIB


class State(enum.StrEnum):
    """How one thing around the service is."""

    GOOD = "good"
    WEAK = "could be better"
    WRONG = "wrong"


@dataclasses.dataclass(frozen=True, slots=True)
class Advice:
    """One thing that was looked at. ``flag`` is what to set, empty where nothing can or need be."""

    subject: str
    state: State
    says: str
    flag: str


@dataclasses.dataclass(frozen=True, slots=True)
class Promise:
    """One guarantee in plain words.

    Attributes:
        held: by which layers, and what each does; empty if no layer holds it.
        stronger: layer that is not in force → the flag that would bring it in this place.
    """

    guarantee: Guarantee
    held: Mapping[str, str]
    stronger: Mapping[str, str]


@functools.cache
def texts() -> Mapping[str, Any]:
    """Return the texts."""
    return tomllib.loads(
        Path(__file__).with_name("data").joinpath("advice.toml").read_text("utf-8")
    )


def promises(
    place: str, plan: str, guarantees: Mapping[str, Sequence[str]], layers: Mapping[str, bool]
) -> list[Promise]:
    """Return for each guarantee what holds it, and what else would.

    Args:
        plan: the plan's family; a guarantee may be held by other layers in another one.
        guarantees: guarantee → the layers that hold it here.
        layers: layer → whether it is in force.
    """
    words = texts()["layers"]
    return [
        Promise(
            guarantee,
            {name: words[name] for name in guarantees.get(guarantee.value, ())},
            _stronger(place, plan, guarantee, layers),
        )
        for guarantee in Guarantee
    ]


def _stronger(
    place: str, plan: str, guarantee: Guarantee, layers: Mapping[str, bool]
) -> dict[str, str]:
    found: dict[str, str] = {}
    table = texts()["stronger"]
    known = dict.fromkeys(name for family in HOLDS.values() for name in family[guarantee])
    for name in known if plan != "namespaces" else HOLDS["namespaces"][guarantee]:
        entry = table.get(name, {})
        flag = table[entry["same_as"]][place] if "same_as" in entry else entry.get(place, "")
        if flag and not layers.get(name, False) and flag not in found.values():
            found[name] = flag
    return found


def checks(place: str, found: Surroundings) -> list[Advice]:
    """Return what is to be said of everything around the service in this place, worst first."""
    said = [
        _advice(place, subject, state, found)
        for subject, state in _states(place, found).items()
        if state is not None
    ]
    return sorted(said, key=lambda one: list(State).index(one.state), reverse=True)


def _states(place: str, found: Surroundings) -> dict[str, State | None]:
    """Return subject → its state, None where it says nothing in this place. In the order to read."""
    container = place != "systemd"
    fits = found.memory_limit is None or demand(found) <= found.memory_limit
    return {
        "place": _if(found.found == place, State.WEAK),
        "user": _if(found.uid != 0, State.WRONG) if container else None,
        "capabilities": _if(found.capabilities | found.bounding == 0) if container else None,
        "no_new_privs": _if(found.no_new_privs) if container else None,
        "seccomp": _if(found.seccomp != 0) if container else None,
        "root": _if(found.root_readonly),
        "scratch": _if(found.scratch_writable and found.scratch_size >= LEAST_SCRATCH, State.WRONG),
        "memory": _if(found.memory_limit is not None),
        "fit": _if(fits) if found.memory_limit is not None else None,
        "processes": _if(found.pids_limit is not None),
        "files": _if(found.open_files >= LEAST_FILES),
        "store": _if(found.durable),
        "token": _if(not found.token) if place in ("kubernetes", "aca") else None,
        "identity": _if(not found.identity) if container else None,
        "socket": _if(not found.runtime_socket, State.WRONG) if container else None,
        "bus": _if(found.bus_locks_slowed or found.runs_at_a_time == 1),
        "address": _if(not _loopback(found.address)) if container else None,
    }


def _if(good: bool, otherwise: State = State.WEAK) -> State:
    return State.GOOD if good else otherwise


def demand(found: Surroundings) -> int:
    """Return the memory that everything together may take, in bytes."""
    return SERVICE + found.waiting + found.runs_at_a_time * PROGRAM


def _loopback(address: str) -> bool:
    return address in ("localhost", "::1") or address.startswith("127.")


def _advice(place: str, subject: str, state: State, found: Surroundings) -> Advice:
    entry = texts()["checks"][subject]
    facts = _facts(place, found)
    text = entry["good" if state is State.GOOD else "bad"].format(**facts)
    flag = "" if state is State.GOOD else entry[place].format(**facts)
    return Advice(subject, state, text, flag)


def _facts(place: str, found: Surroundings) -> dict[str, object]:
    room = (found.memory_limit or 0) - SERVICE - found.waiting
    return {
        **found.as_dict(),
        "place": place,
        "place_found": found.found,
        "capabilities_count": found.capabilities.bit_count(),
        "bounding_count": found.bounding.bit_count(),
        "scratch_size": size(found.scratch_size),
        "scratch_trouble": "cannot be written"
        if not found.scratch_writable
        else f"has only {size(found.scratch_size)}",
        "memory_limit": size(found.memory_limit or 0),
        "demand": size(demand(found)),
        "fitting": max(1, room // PROGRAM),
        "identity": ", ".join(found.identity),
    }


def size(number: int) -> str:
    """Return a number of bytes for people."""
    if number >= 10 * GIB or (number >= GIB and number % GIB == 0):
        return f"{number // GIB} GiB"
    return f"{number // MIB} MiB"
