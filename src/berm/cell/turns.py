"""Turns: how many programs run at a time, whose is next, which processor each has to itself, and runs that are alone.

Turns go to the share that used least of late, so that whoever runs little waits for little beside one who
runs without end: a run that waits is ranked by when it came plus what its share used, both in seconds. As
later runs have later ranks, each gets its turn, after the seconds that its share used of late at most.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import contextvars
import dataclasses
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Final

RECENT: Final = 10.0
"""Seconds in which what a share used comes to count for 1/e of it. Who has n turns all the time comes to n times
this, so nobody who is lighter goes before what has waited for longer."""

LIGHTER: Final = 1.0
"""Seconds less used of late that make a share so much lighter that a turn is kept for it."""

HOLD: Final = 0.01
"""Seconds for which it is kept: a test's result is looked at before the next test of the submission runs."""

_FORGOTTEN: Final = 0.01
_REMEMBERED: Final = 256

_current: contextvars.ContextVar[str] = contextvars.ContextVar("share", default="")


@dataclasses.dataclass(slots=True, eq=False)
class _Share:
    """Whose turns are counted together."""

    used: float = 0.0  # seconds of turns that ended, as they counted at `at`
    at: float = 0.0
    begun: list[float] = dataclasses.field(default_factory=list[float])  # turns that it has
    waiting: collections.deque[_Request] = dataclasses.field(
        default_factory=collections.deque["_Request"]
    )
    at_work: int = 0  # pieces of work under way that go on taking turns
    kept: list[asyncio.TimerHandle] = dataclasses.field(default_factory=list[asyncio.TimerHandle])

    def recent(self, now: float) -> float:
        """Return the seconds used of late, those of turns that it has in full."""
        ended = self.used * math.exp((self.at - now) / RECENT)
        return ended + sum(now - begun for begun in self.begun)

    def charge(self, seconds: float, now: float) -> None:
        self.used = self.used * math.exp((self.at - now) / RECENT) + seconds
        self.at = now

    def idle(self, now: float) -> bool:
        """Tell whether it could as well be forgotten."""
        return not (self.begun or self.waiting or self.at_work) and self.recent(now) < _FORGOTTEN


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Request:
    came: float
    granted: asyncio.Future[None]


class Turns:
    """Hands out turns. Lives on one event loop.

    With processors, each turn comes with one that no other turn has meanwhile; turns beyond their number
    come with none.
    """

    def __init__(
        self,
        count: int,
        processors: Sequence[int] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hand out ``count`` turns at a time; ``processors`` are the numbers of those to share out."""
        self._count = count
        self._free = count
        self._processors = collections.deque(processors)
        self._clock = clock
        self._shares: dict[str, _Share] = {}
        self._waiting: dict[_Share, None] = {}  # in the order in which they came
        self._kept = 0
        self._look_at = _REMEMBERED
        self._alone = asyncio.Lock()
        self._everything = _Share()  # nobody's: what it gathers is idle meanwhile

    @contextlib.contextmanager
    def share(self, name: str) -> Iterator[None]:
        """Count what is run inside, by tasks started there too, as one share's.

        Until the end a light share is expected to come back as soon as its turn is over: the turn is kept
        for it for a moment. Runs outside of any share are one share's, which is not.
        """
        share = self._of(name)
        share.at_work += 1
        token = _current.set(name)
        try:
            yield
        finally:
            _current.reset(token)
            share.at_work -= 1
            if not share.at_work:
                self._let_go(share)

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[int | None]:
        """Hold one turn; gives the number of its processor, None for a turn without."""
        share = self._of(_current.get())
        await self._take(share)
        begun = self._clock()
        share.begun.append(begun)
        processor = self._processors.popleft() if self._processors else None
        try:
            yield processor
        finally:
            if processor is not None:
                self._processors.append(processor)
            now = self._clock()
            share.begun.remove(begun)
            share.charge(now - begun, now)
            self._free += 1
            self._keep(share, now)
            self._hand_out()

    @contextlib.asynccontextmanager
    async def all(self) -> AsyncIterator[None]:
        """Hold every turn: wait until nobody has one, and let nobody have one meanwhile.

        One at a time gathers them; two that gathered at once would wait for each other for ever.
        """
        share = self._of(_current.get())
        async with self._alone:
            held = 0
            begun = math.inf
            try:
                while held < self._count:
                    await self._take(self._everything)
                    held += 1
                begun = self._clock()
                yield
            finally:
                now = self._clock()
                share.charge(held * max(0.0, now - begun), now)
                self._free += held
                self._hand_out()

    def _of(self, name: str) -> _Share:
        if name not in self._shares:
            if len(self._shares) >= self._look_at:
                now = self._clock()
                self._shares = {
                    name: share for name, share in self._shares.items() if not share.idle(now)
                }
                self._look_at = max(_REMEMBERED, 2 * len(self._shares))
            self._shares[name] = _Share()
        return self._shares[name]

    async def _take(self, share: _Share) -> None:
        """Wait for a turn."""
        if share.kept:
            share.kept.pop().cancel()
            self._kept -= 1
        request = _Request(self._clock(), asyncio.get_running_loop().create_future())
        share.waiting.append(request)
        self._waiting[share] = None
        self._hand_out()
        try:
            await request.granted
        except asyncio.CancelledError:
            if not request.granted.cancelled():  # it was granted at the same moment
                self._free += 1
            elif request in share.waiting:
                self._forget(share, request)
            self._hand_out()
            raise

    def _forget(self, share: _Share, request: _Request) -> None:
        share.waiting.remove(request)
        if not share.waiting:
            del self._waiting[share]

    def _rank(self, share: _Share, now: float) -> float:
        """Return where the share's first request stands: the least goes next."""
        return share.waiting[0].came + share.recent(now)

    def _hand_out(self) -> None:
        now = self._clock()
        while self._free > self._kept and self._waiting:
            share = min(self._waiting, key=lambda one: self._rank(one, now))
            request = share.waiting[0]
            self._forget(share, request)
            if not request.granted.done():
                self._free -= 1
                request.granted.set_result(None)

    def _keep(self, share: _Share, now: float) -> None:
        """Keep the turn that a share gave back for its next run, if it is lighter by far than who waits."""
        if not share.at_work or share.waiting or not self._waiting:
            return
        next_rank = min(self._rank(one, now) for one in self._waiting)
        if now + share.recent(now) + LIGHTER < next_rank:
            loop = asyncio.get_running_loop()
            share.kept.append(loop.call_later(HOLD, self._let_go, share))
            self._kept += 1

    def _let_go(self, share: _Share) -> None:
        """Keep no turn for a share any more."""
        for timer in share.kept:
            timer.cancel()
        self._kept -= len(share.kept)
        share.kept.clear()
        self._hand_out()
