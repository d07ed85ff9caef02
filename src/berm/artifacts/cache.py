"""The compile cache: a submission that was seen before costs no compilation.

Written by the host alone, from what it took out of a finished compile cell; a cell never names an
entry and never holds a descriptor that could change one. Entries live in the host's memory and end
with the engine, so that nothing on a disk can be poisoned between two starts.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from berm.artifacts import identity
from berm.cell.files import Bundle, File
from berm.model import OutcomeKind, RunResult

ENTRIES: Final = 4096
"""At most this many entries, however small; compile errors are entries too."""

LARGEST: Final = 4
"""An entry over this part of the capacity is not kept, so that one submission cannot empty the cache."""

_OVERHEAD: Final = 2048
"""Bytes charged for an entry on top of its contents: keys, results, objects."""


@dataclasses.dataclass(frozen=True, slots=True)
class Compiled:
    """What one compilation gave.

    Attributes:
        result: the compiler's own result.
        files: the submission as its runs get it, artifacts included; None if it did not compile.
    """

    result: RunResult
    files: Mapping[str, File] | None

    @property
    def lasting(self) -> bool:
        """True if the same submission would give the same again.

        A compiler that ran into a limit may do better on a less busy machine.
        """
        return self.result.outcome.kind is OutcomeKind.EXITED

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        files = self.files or {}
        names = sum(len(name) for name in files)
        contents = sum(len(file.data) for file in files.values())
        return _OVERHEAD + names + contents + len(self.result.stdout) + len(self.result.stderr)


class Entry:
    """One compilation's result, with the bundle that its living programs share."""

    def __init__(self, compiled: Compiled) -> None:
        """Keep ``compiled`` and what its files hash to."""
        self.compiled = compiled
        self.size = compiled.size
        self._digest = identity.of_files(compiled.files or {})
        self._live: Bundle | None = None

    @property
    def intact(self) -> bool:
        """True if the files are still what came out of the compile cell."""
        return identity.of_files(self.compiled.files or {}) == self._digest

    def bundle(self) -> Bundle:
        """Return the sealed files for one more program, which closes it as its own."""
        if self._live is not None and self._live.open:
            return self._live.share()
        self._live = Bundle(self.compiled.files or {})
        return self._live


@dataclasses.dataclass(slots=True)
class _Flight:
    """A compilation under way, and how many wait for it."""

    task: asyncio.Task[Entry]
    waiting: int = 0


class CompileCache:
    """Entries by key, the least recently used dropped first; equal compilations at once are one."""

    def __init__(self, capacity: int, entries: int = ENTRIES) -> None:
        """Hold at most ``capacity`` bytes and ``entries`` entries; 0 bytes: keep nothing."""
        self.capacity = capacity
        self._most = entries
        self._entries: collections.OrderedDict[str, Entry] = collections.OrderedDict()
        self._flights: dict[str, _Flight] = {}
        self.bytes = 0
        self.hits = 0
        self.misses = 0
        self.joined = 0
        self.evicted = 0

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    async def get(self, key: str, compile_it: Callable[[], Awaitable[Compiled]]) -> Entry:
        """Return the entry for ``key``, from ``compile_it`` if there is none.

        Callers that come while it runs wait for the same one; when the last of them is
        cancelled it is too. What it raises, all of them get, and nothing is kept.
        """
        entry = self._find(key)
        if entry is not None:
            self.hits += 1
            return entry
        flight = self._flights.get(key)
        if flight is None:
            self.misses += 1
            task = asyncio.get_running_loop().create_task(self._fill(key, compile_it))
            flight = self._flights[key] = _Flight(task)
        else:
            self.joined += 1
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                await self._abandon(key, flight)

    def _find(self, key: str) -> Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not entry.intact:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    async def _fill(self, key: str, compile_it: Callable[[], Awaitable[Compiled]]) -> Entry:
        try:
            entry = Entry(await compile_it())
        finally:
            flight = self._flights.get(key)
            if flight is not None and flight.task is asyncio.current_task():
                del self._flights[key]
        if entry.compiled.lasting and entry.size <= self.capacity // LARGEST:
            self._keep(key, entry)
        return entry

    async def _abandon(self, key: str, flight: _Flight) -> None:
        """End a compilation that nobody waits for any more, and see it ended."""
        if self._flights.get(key) is flight:
            del self._flights[key]
        flight.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await flight.task

    def _keep(self, key: str, entry: Entry) -> None:
        self._drop(key)
        self._entries[key] = entry
        self.bytes += entry.size
        while self.bytes > self.capacity or len(self._entries) > self._most:
            self._drop(next(iter(self._entries)))
            self.evicted += 1

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.size
