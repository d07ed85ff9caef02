"""What the kernel refused, in words that a student understands. Pure."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from berm.kernel.syscalls import name_of
from berm.model import Denial
from berm.policy.plan import CellPlan

_REASONS = (
    ("network", "programs run without network here"),
    ("starting another", "programs run in a single process here"),
)
"""What the policy's own words (its ``notify`` texts) mean for whoever wrote the program."""


_OWN_DOING = frozenset({("socket", "AF_UNIX")})
"""What runtimes try by themselves in every run (the C library's name services, the JVM), and what
would only puzzle whoever reads it."""


def explain_denials(
    plan: CellPlan, rows: Sequence[tuple[int, int, int]] | None
) -> tuple[Denial, ...] | None:
    """Turn the agent's tally into denials; None where there was no listener."""
    if rows is None:
        return None
    denials = (_denial(plan, *row) for row in rows)
    return tuple(d for d in denials if (d.syscall, d.detail) not in _OWN_DOING)


def _denial(plan: CellPlan, number: int, first: int, count: int) -> Denial:
    name = name_of(number)
    detail = _family(first) if name == "socket" else ""
    what = plan.refused.get(number, name)
    shown = f"{name} {detail}".strip()
    reason = next((text for word, text in _REASONS if word in what), "it is not allowed here")
    text = (
        f"Your program tried: {what} ({shown}), {count} time{'s' if count != 1 else ''}; {reason}."
    )
    return Denial(name, detail, count, text)


def _family(number: int) -> str:
    try:
        return socket.AddressFamily(number).name
    except ValueError:
        return f"address family {number}"
