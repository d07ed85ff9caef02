"""Who waits for what: notices of the store, brought to the tasks of this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from berm.service.store.statement import Notice


class Wakeups:
    """Subscriptions to channels. Lives on one event loop.

    A notice can be lost (a connection to PostgreSQL breaks, another process writes to the same
    SQLite file), so whoever waits also looks by itself from time to time.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], set[asyncio.Event]] = {}

    @contextlib.contextmanager
    def listen(self, channel: str, key: str = "") -> Iterator[asyncio.Event]:
        """Give an event that is set by every notice to ``key`` from now on. Clear it yourself.

        Subscribe first, then look: what happens in between is then never missed.
        """
        place = (channel, key)
        event = asyncio.Event()
        self._waiting.setdefault(place, set()).add(event)
        try:
            yield event
        finally:
            events = self._waiting[place]
            events.discard(event)
            if not events:
                del self._waiting[place]

    def publish(self, notice: Notice) -> None:
        """Wake those who wait for the notice's key, and those who wait for the whole channel."""
        for key in {notice.key, ""}:
            for event in self._waiting.get((notice.channel, key), ()):
                event.set()

    def wake_all(self) -> None:
        """Wake everybody: notices may have been lost."""
        for events in self._waiting.values():
            for event in events:
                event.set()


async def woken(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most so long; clear it. False if the time was up."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    finally:
        event.clear()
    return True
