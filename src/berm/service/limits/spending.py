"""CPU time that a request's programs use, added up for whoever asked."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager


class Spending:
    """Seconds of CPU time, growing while programs run."""

    def __init__(self) -> None:
        self.seconds = 0.0


_current: contextvars.ContextVar[Spending | None] = contextvars.ContextVar("spending", default=None)


@contextmanager
def spending() -> Iterator[Spending]:
    """Add up what is spent inside, by tasks started there too."""
    mine = Spending()
    token = _current.set(mine)
    try:
        yield mine
    finally:
        _current.reset(token)


def spend(seconds: float) -> None:
    """Count CPU time for whoever's work this is; nothing where nobody adds up."""
    current = _current.get()
    if current is not None:
        current.seconds += seconds
