"""What is said about isolation in ``/health`` and in every execution's metadata. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from berm.model import Enforcement, Guarantee
from berm.policy.layers import STRICT
from berm.service.schemas import Security


def describe(enforcements: Iterable[Enforcement]) -> Security:
    """Describe what holds in *all* the given enforcements: the weakest of them counts.

    ``level`` is ``strict`` (all guarantees, and filesystem, network and processes by two layers
    each), ``standard`` (all guarantees), ``reduced`` (the operator gave some up) or ``none``.
    """
    known = list(enforcements)
    if not known:
        return Security(enabled=False, level="none", guarantees={}, layers=[])
    guarantees = {
        guarantee.value: _common([one.guarantees.get(guarantee, ()) for one in known])
        for guarantee in Guarantee
        if all(guarantee in one.guarantees for one in known)
    }
    complete = len(guarantees) == len(Guarantee)
    twice = all(len(guarantees.get(guarantee, ())) >= 2 for guarantee in STRICT)
    return Security(
        enabled=bool(guarantees),
        level="none"
        if not guarantees
        else "reduced"
        if not complete
        else "strict"
        if twice
        else "standard",
        guarantees=guarantees,
        layers=_common([one.layers for one in known]),
    )


def _common(lists: list[tuple[str, ...]]) -> list[str]:
    first, *others = lists
    return [layer for layer in first if all(layer in other for other in others)]
