"""Whether an attack was held. Pure: what was seen goes in, a status comes out.

What the host saw by itself comes first: a secret in the output, a bystander hurt, something
left behind. Then what the attack says. Only then how the run ended.
"""

from __future__ import annotations

import dataclasses
import enum
import signal

from berm.audit.attack import Attack
from berm.model import Outcome, OutcomeKind


class Status(enum.StrEnum):
    """What became of one attack."""

    HELD = "held"
    ESCAPED = "escaped"
    NOT_APPLICABLE = "not applicable"
    UNCLEAR = "unclear"
    """It neither answered nor ended as its header expects: the attack or Berm is broken."""


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """What the host saw of one run.

    Attributes:
        output: everything that the program and its compiler printed.
        outcome: how it ended.
        evidence: what got through, as found on the host.
        left: what the run left behind.
    """

    output: bytes
    outcome: Outcome
    evidence: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


OUT_OF_TIME = ("ended as wall_limit", "ended as cpu_limit")
"""How the detail of an unclear trial begins that had no time for an answer."""


_LEFT = "left behind: "


def may_be_anothers(detail: str) -> bool:
    """Tell whether all that was found are mounts, which containers that others start bring, too."""
    return all(part.startswith(f"{_LEFT}mount ") for part in detail.split("; "))


def judge(attack: Attack, seen: Seen) -> tuple[Status, str]:
    """Return the status, and in a few words why."""
    lines = _answers(seen.output)
    claims = [detail for word, detail in lines if word == "ESCAPED"]
    found = [*seen.evidence, *(f"{_LEFT}{item}" for item in seen.left), *claims]
    if found:
        return Status.ESCAPED, "; ".join(found)
    end = end_of(seen.outcome)
    moot = [detail for word, detail in lines if word == "MOOT"]
    if moot:
        return Status.NOT_APPLICABLE, moot[0]
    expected = any(_matches(pattern, end) for pattern in attack.expect)
    held = [detail for word, detail in lines if word == "HELD"]
    if held and (seen.outcome.ok or expected):
        return Status.HELD, held[0]
    if expected or end == "signalled:SIGSYS":
        return Status.HELD, end
    return Status.UNCLEAR, f"ended as {end}: {_tail(seen.output)}"


def end_of(outcome: Outcome) -> str:
    """Write an end as headers do: ``exited:7``, ``signalled:SIGABRT``, ``memory_limit``."""
    if outcome.kind is OutcomeKind.EXITED:
        return f"exited:{outcome.exit_code}"
    if outcome.kind is OutcomeKind.SIGNALLED and outcome.signal is not None:
        return f"signalled:{_signal_name(outcome.signal)}"
    return outcome.kind.value


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _matches(pattern: str, end: str) -> bool:
    return end == pattern or (":" not in pattern and end.partition(":")[0] == pattern)


def _answers(output: bytes) -> list[tuple[str, str]]:
    lines = output.decode("utf-8", "replace").splitlines()
    split = (line.partition(" ") for line in lines)
    return [(word, detail) for word, _, detail in split if word in ("HELD", "ESCAPED", "MOOT")]


def _tail(output: bytes) -> str:
    return " ".join(output[-500:].decode("utf-8", "replace").split()) or "no output"
