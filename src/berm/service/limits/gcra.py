"""The generic cell rate algorithm (ITU-T I.371), as arithmetic. Pure.

A rate is one number per key, the *theoretical arrival time* (TAT): the time up to which the key's
allowance is used up. Work moves it forward by the time that it is worth; where that leads further
into the future than the whole allowance, the work is refused. Nothing has to run when time passes,
and one row a key is all that replicas have to share.
"""

from __future__ import annotations

import dataclasses
import math


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """``amount`` in every ``period`` seconds, all of which may come at once."""

    amount: float
    period: float

    @property
    def interval(self) -> float:
        """Seconds that one unit is worth."""
        return self.period / self.amount

    def policy(self) -> str:
        """Return the rate as ``RateLimit-Policy`` writes it: ``30;w=60``."""
        return f"{math.floor(self.amount)};w={math.ceil(self.period)}"


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a key has left of its rate.

    Attributes:
        allowed: whether what was asked for is granted.
        remaining: units that would be granted now, after what was granted just now.
        reset: seconds until the whole allowance is there again.
        retry_after: seconds until what was refused would be granted; 0 for what was granted.
    """

    rate: Rate
    allowed: bool
    remaining: int
    reset: float
    retry_after: float

    def headers(self) -> dict[str, str]:
        """Return the ``RateLimit-*`` headers, and ``Retry-After`` for what was refused."""
        headers = {
            "ratelimit-limit": str(math.floor(self.rate.amount)),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": str(math.ceil(self.reset)),
            "ratelimit-policy": self.rate.policy(),
        }
        if not self.allowed:
            headers["retry-after"] = str(max(1, math.ceil(self.retry_after)))
        return headers


# A unit less than this away from being there is there: 30 steps of 2.0 need not add up to 60.0.
EPSILON = 1e-6


def take(rate: Rate, tat: float, now: float, cost: float = 1.0) -> tuple[Reading, float]:
    """Ask for ``cost`` units; return the reading, and the TAT to keep.

    ``tat`` is 0 for a key that is not known. A refusal costs nothing. A cost of 0 only looks.
    """
    after = max(tat, now) + cost * rate.interval
    allowed = after - now <= rate.period + EPSILON
    kept = after if allowed else tat
    return read(rate, kept, now, allowed=allowed, wanted=after), kept


def charge(rate: Rate, tat: float, now: float, cost: float) -> float:
    """Return the TAT after work that is done already, whatever was left for it."""
    return max(tat, now) + cost * rate.interval


def read(rate: Rate, tat: float, now: float, *, allowed: bool, wanted: float = 0.0) -> Reading:
    """Return what a key with this TAT has left; ``wanted`` is the TAT that was refused."""
    used = max(0.0, tat - now)
    left = (rate.period - used + EPSILON) / rate.interval
    return Reading(
        rate=rate,
        allowed=allowed,
        remaining=max(0, math.floor(left)),
        reset=used,
        retry_after=0.0 if allowed else max(0.0, wanted - now - rate.period),
    )
