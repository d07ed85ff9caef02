"""How many replicas a class or a contest takes: a simulation of the queue, and what it costs. Pure.

Submissions arrive at random moments of a window. Each is work for one processor (its compilation and its tests one
after the other), each replica judges as many at a time as it has processors, and who came first is served first.
Simulated, not solved: the formulas for such queues hold for arrivals without an end, and a contest has one.
"""

from __future__ import annotations

import dataclasses
import heapq
import math
import random
from collections.abc import Iterator, Sequence
from typing import Final

from berm.model import GIB

SEEDS: Final = 20
"""Windows that are simulated; of each figure the worst counts."""
MOST_REPLICAS: Final = 1000
MOST_SUBMISSIONS: Final = 200_000
FLEXIBLE_SERVER: Final = "PostgreSQL flexible server"


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """What one submission takes, in seconds of one processor.

    Attributes:
        compiling: its compilation, 0 where there is none.
        running: one test, from the cell to the result.
        computing: what the program itself computes in one test, beside that of a tiny one.
    """

    compiling: float
    running: float
    computing: float

    def of(self, tests: int) -> float:
        """Return what a submission with so many tests takes."""
        return self.compiling + tests * (self.running + self.computing)


@dataclasses.dataclass(frozen=True, slots=True)
class Wait:
    """Seconds from handing in to the result: half, nineteen of twenty, and all of them."""

    median: float
    most: float
    longest: float


@dataclasses.dataclass(frozen=True, slots=True)
class Replica:
    """What one replica has.

    Attributes:
        processors: vCPUs; a part of one makes everything slower by as much.
        memory: bytes.
        reserve: part of the processors that is kept for the service and for what is not foreseen.
    """

    processors: float = 1.0
    memory: int = 2 * GIB
    reserve: float = 0.2

    @property
    def lanes(self) -> int:
        """Submissions judged at a time."""
        return max(1, int(self.processors))

    @property
    def speed(self) -> float:
        """Processor seconds that each of them gets in a second."""
        return self.processors * (1 - self.reserve) / self.lanes


@dataclasses.dataclass(frozen=True, slots=True)
class Prices:
    """What a second costs, in dollars. See data/prices.toml for where from and when."""

    processor: float
    gib: float
    idle_processor: float
    database_hour: float


def simulate(
    arrivals: Sequence[float], work: float, replicas: int, replica: Replica
) -> list[float]:
    """Return the seconds that each submission waits for its result; ``arrivals`` ascend."""
    free = [0.0] * (replicas * replica.lanes)
    takes = work / replica.speed
    waits = []
    for moment in arrivals:
        end = max(moment, free[0]) + takes
        heapq.heapreplace(free, end)
        waits.append(end - moment)
    return waits


def waiting(submissions: int, window: float, work: float, replicas: int, replica: Replica) -> Wait:
    """Return what is waited, at the worst of :data:`SEEDS` windows."""
    found = []
    for seed in range(SEEDS):
        chance = random.Random(seed)  # noqa: S311 - a simulation that gives the same each time
        arrivals = sorted(chance.uniform(0, window) for _ in range(submissions))
        waits = sorted(simulate(arrivals, work, replicas, replica))
        last = len(waits) - 1
        nineteen = waits[math.ceil(0.95 * last)]
        found.append((waits[last // 2], nineteen, waits[last]))
    median, most, longest = (max(one) for one in zip(*found, strict=True))
    return Wait(median, most, longest)


def sizes(
    submissions: int, window: float, work: float, replica: Replica
) -> Iterator[tuple[int, Wait]]:
    """Yield more and more replicas, with what is waited; ends where more of them do not help."""
    replicas, before = 1, math.inf
    while replicas <= MOST_REPLICAS:
        wait = waiting(submissions, window, work, replicas, replica)
        yield replicas, wait
        if wait.longest >= before * 0.999 and wait.median <= work / replica.speed * 1.001:
            return
        before = wait.longest
        replicas += max(1, replicas // 4)


def smallest(
    submissions: int, window: float, work: float, replica: Replica, patience: float
) -> int | None:
    """Return the fewest replicas with which 19 of 20 wait at most ``patience`` seconds; None for none."""

    def enough(replicas: int) -> bool:
        return waiting(submissions, window, work, replicas, replica).most <= patience

    if not enough(MOST_REPLICAS):
        return None
    low, high = 1, MOST_REPLICAS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def cost(replicas: int, seconds: float, replica: Replica, prices: Prices) -> float:
    """Return dollars for so many replicas at work for so long, without the database."""
    second = replica.processors * prices.processor + replica.memory / GIB * prices.gib
    return replicas * seconds * second


def idle_cost(replicas: int, seconds: float, replica: Replica, prices: Prices) -> float:
    """Return dollars for replicas that only wait."""
    second = replica.processors * prices.idle_processor + replica.memory / GIB * prices.gib
    return replicas * seconds * second
