"""Whether this replica should get requests, and how many it has."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal


class Phase(enum.StrEnum):
    """The life of a service process. It only moves forward."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


class Readiness:
    """The phase, the number of requests under way, and whether isolation still holds.

    Lives on one event loop.

    Attributes:
        broken: why no program may run any more; an empty string while isolation holds.
    """

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        self.running = 0
        self.broken = ""

    @property
    def ready(self) -> bool:
        """True between the canary's success and the first signal to stop, or a canary's escape."""
        return self.phase is Phase.READY and not self.broken

    @property
    def status(self) -> Literal["starting", "healthy", "unhealthy", "draining"]:
        """The state in one word, for people."""
        if self.broken:
            return "unhealthy"
        match self.phase:
            case Phase.STARTING:
                return "starting"
            case Phase.READY:
                return "healthy"
            case _:
                return "draining"

    def condemn(self, reason: str) -> None:
        """Say that isolation does not hold. Only a new process takes that back: what failed once
        may fail again between two looks.
        """
        self.broken = self.broken or reason

    def become_ready(self) -> None:
        """Say that isolation was proved and requests may come."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.READY

    def drain(self) -> None:
        """Say that no further request should come."""
        self.phase = Phase.DRAINING

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count one request while it is under way."""
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
