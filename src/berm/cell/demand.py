"""How many cells to keep parked: pure arithmetic from what was asked for lately.

A pool wants as many cells as arrive while one is being made, and some more for chance. All pools
share one budget of memory: if they want more than that together, each gets its floor first, and
what is left is shared in proportion to what each wants on top.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Final

HALF_LIFE: Final = 10.0
"""Seconds after which an arrival counts half."""

MAKING: Final = 0.05
"""Seconds that making a cell may take on a busy machine, queueing included."""

CELL_COST: Final = 4 * 1024 * 1024
"""Bytes that a parked cell takes before one was measured."""

REMEMBERED: Final = 600.0
"""Seconds without a run after which a pool keeps nothing parked."""


@dataclasses.dataclass(slots=True)
class Demand:
    """The recent arrivals of one pool. Times are seconds of a monotonic clock."""

    weight: float = 0.0
    last: float = -math.inf

    def note(self, now: float) -> None:
        """One run came."""
        self.weight = self.at(now) + 1.0
        self.last = now

    def at(self, now: float) -> float:
        """Return the arrivals that still count."""
        if self.last == -math.inf:
            return 0.0
        return self.weight * math.exp2((self.last - now) / HALF_LIFE)

    def rate(self, now: float) -> float:
        """Return runs per second, as an exponentially weighted average."""
        return self.at(now) * math.log(2.0) / HALF_LIFE

    def wanted(self, now: float, floor: int, ceiling: int) -> int:
        """Return how many parked cells would serve what is to be expected.

        The expected arrivals while a cell is made, and twice their deviation (a Poisson process),
        but no less than ``floor`` and no more than ``ceiling``; none after :data:`REMEMBERED`.
        """
        if now - self.last > REMEMBERED:
            return 0
        expected = self.rate(now) * MAKING
        return max(floor, min(ceiling, math.ceil(expected + 2.0 * math.sqrt(expected))))


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What one pool wants: cells, of which ``floor`` in any case, and the bytes of one."""

    wanted: int
    floor: int
    cost: int


def share(wishes: Mapping[str, Wish], budget: int) -> Mapping[str, int]:
    """Return how many cells each pool may keep, so that together they take at most ``budget``.

    Floors come first, in the order given, as far as they fit.
    """
    given: dict[str, int] = {}
    left = budget
    for name, wish in wishes.items():
        given[name] = min(wish.floor, wish.wanted, max(0, left // max(1, wish.cost)))
        left -= given[name] * wish.cost
    more = {name: (wish.wanted - given[name]) * wish.cost for name, wish in wishes.items()}
    asked = sum(more.values())
    if asked <= left:
        return {name: wish.wanted for name, wish in wishes.items()}
    for name, wish in wishes.items():
        given[name] += int(more[name] * left / asked) // max(1, wish.cost)
    return given


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """What the operator allows: cells of each pool, and bytes of all parked cells together."""

    floor: int
    ceiling: int
    budget: int


def costs(measured: Sequence[int]) -> int:
    """Return the bytes of one cell of a pool, from its parked ones."""
    known = [cost for cost in measured if cost > 0]
    return max(known) if known else CELL_COST
