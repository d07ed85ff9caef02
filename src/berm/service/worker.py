"""A worker: leases submissions, judges them, gives their results back; and looks after the queue.

It may die at any moment. What it held is then given to another one, and what it still sends is refused
(its attempt is over), so that every submission gets one result that nobody changes any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

import structlog

from berm.errors import BermError, BusyError, EscapeError, StoreError
from berm.service.problems import CALLERS_FAULT
from berm.service.proof import condemn
from berm.service.queue import JobQueue
from berm.service.readiness import Readiness
from berm.service.store.jobs import Lease
from berm.service.store.records import WorkerRow
from berm.service.store.wakeups import woken

T = TypeVar("T")

_log: Final = structlog.get_logger("berm.service.worker")

_TELL_SECONDS: Final = 0.25
_PURGE_SECONDS: Final = 60.0
_INSIST_SECONDS: Final = 1800.0
_LAST_WAIT: Final = 20.0
_MOST_EVENTS: Final = 2000

Tell = Callable[[int, bytes], None]
"""Takes a number that is unique within the attempt, and JSON: what just happened."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a judging came to: the verdict of the whole, and the result as JSON."""

    verdict: str
    body: bytes


class Judging(Protocol):
    """Judges what a lease's payload describes. Cancelling it ends the runs."""

    async def __call__(self, lease: Lease, tell: Tell) -> Answer:
        """Return the answer."""
        ...


@dataclasses.dataclass(slots=True, eq=False)
class _Run:
    lease: Lease
    task: asyncio.Task[None] | None = None
    told: list[tuple[int, bytes]] = dataclasses.field(default_factory=list)
    judged: bool = False  # from here on only the store decides
    lost: bool = False

    def tell(self, number: int, body: bytes) -> None:
        if len(self.told) < _MOST_EVENTS:
            self.told.append((number, body))

    def end(self) -> None:
        if self.task is not None and not self.judged:
            self.task.cancel()


class Worker:
    """Judges up to ``slots`` submissions at a time, and ``spare`` more of users who have none running.

    Lives on one event loop.
    """

    def __init__(
        self,
        queue: JobQueue,
        judging: Judging,
        *,
        name: str,
        slots: int,
        spare: int = 0,
        readiness: Readiness,
        about: Callable[[], bytes],
    ) -> None:
        """Prepare; :meth:`run` begins.

        Args:
            queue: where the submissions are.
            judging: judges one.
            name: of the replica; something unique is added.
            slots: submissions at a time.
            spare: those beyond.
            readiness: nothing is leased once isolation does not hold any more.
            about: what this worker offers, as JSON.
        """
        self.name = f"{name}-{uuid.uuid4().hex[:8]}"
        self._queue = queue
        self._judging = judging
        self._slots = slots
        self._spare = spare
        self._readiness = readiness
        self._about = about
        self._running: dict[str, _Run] = {}
        self._stopping = False
        self._nudge: asyncio.Event | None = None

    @property
    def running(self) -> int:
        """How many submissions it has."""
        return len(self._running)

    async def run(self, drain: float) -> None:
        """Work until cancelled; then let what runs end, at most ``drain`` seconds, and give the
        rest back unblamed.
        """
        loops = [
            asyncio.ensure_future(one)
            for one in (self._beat(), self._tell(), self._keep_order(), self._listen_for_cancels())
        ]
        try:
            await self._work()
        finally:
            self._stopping = True
            await self._drain(drain)
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            with contextlib.suppress(StoreError):
                await self._queue.deregister(self.name)

    def hurry(self) -> None:
        """Do not wait for what runs: give it back now."""
        for run in list(self._running.values()):
            run.end()

    # --- leasing ----------------------------------------------------------------------------------

    async def _work(self) -> None:
        if self._queue.database.alone:
            # Whoever used this file before is gone: what it held need not wait for its leases' end.
            while await self._insist(lambda: self._queue.reap(everything=True), math.inf):
                pass
        with self._queue.database.wakeups.listen("work") as nudge:
            self._nudge = nudge
            while True:
                if not self._readiness.broken:
                    await self._take_up()
                if len(self._running) < self._slots + self._spare:
                    # Not all workers at the same moment.
                    pause = self._queue.settings.poll * random.uniform(0.75, 1.25)  # noqa: S311
                else:
                    pause = self._queue.settings.lease
                await woken(nudge, pause)

    async def _take_up(self) -> None:
        """Begin what there are places for; those first whose turn it is and of whom nothing runs."""
        spare = min(self._spare, self._slots + self._spare - len(self._running))
        if spare > 0:
            await self._claim(self._queue.claim_beside, spare)
        free = self._slots - len(self._running)
        if free > 0:
            await self._claim(self._queue.claim, free)

    async def _claim(
        self, claim: Callable[[str, int, str], Awaitable[list[Lease]]], places: int
    ) -> None:
        token = uuid.uuid4().hex  # the same one until an answer comes: no lease goes astray
        leases = await self._insist(lambda: claim(self.name, places, token), math.inf)
        for lease in leases:
            self._start(lease)

    def _start(self, lease: Lease) -> None:
        run = _Run(lease)
        self._running[lease.id] = run
        run.task = asyncio.ensure_future(self._judge(run))
        run.task.add_done_callback(lambda _: self._ended(run))

    def _ended(self, run: _Run) -> None:
        if self._running.get(run.lease.id) is run:
            del self._running[run.lease.id]
        if self._nudge is not None:
            self._nudge.set()

    # --- judging ----------------------------------------------------------------------------------

    async def _judge(self, run: _Run) -> None:
        lease = run.lease
        with structlog.contextvars.bound_contextvars(submission=lease.id, attempt=lease.attempt):
            try:
                answer = await self._judging(lease, run.tell)
            except asyncio.CancelledError:
                if not run.lost:
                    await self._give_back(run, "The worker stopped.", counts=False)
                return
            except BusyError as error:
                await self._give_back(run, error.summary, counts=False, delay=error.retry_after)
                return
            except EscapeError as error:
                condemn(self._readiness, error)
                await self._give_back(run, error.summary, counts=False)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, it is evidence
                # What is wrong about a submission is nobody's failure; another worker may be able to.
                log = _log.warning if isinstance(error, CALLERS_FAULT) else _log.error
                log("judging failed", exc_info=error)
                text = error.summary if isinstance(error, BermError) else ""
                reason = f"{type(error).__name__}: {text}".rstrip(": ")
                await self._give_back(run, reason, counts=True, delay=float(lease.tries))
                return
            run.judged = True
            kept = await self._insist(
                lambda: self._queue.finish(lease, answer.verdict, answer.body)
            )
            if not kept:
                _log.warning("result refused: the submission was given to another worker")
            else:
                _log.info("judged", verdict=answer.verdict)

    async def _give_back(self, run: _Run, reason: str, *, counts: bool, delay: float = 0.0) -> None:
        run.judged = True
        await self._insist(
            lambda: self._queue.give_back(run.lease, reason, counts=counts, delay=delay)
        )

    async def _insist(
        self, work: Callable[[], Awaitable[T]], seconds: float = _INSIST_SECONDS
    ) -> T:
        """Do it, however long the store is away; after half an hour a lease is long another's."""
        deadline = time.monotonic() + seconds
        pause = 0.2
        while True:
            try:
                return await work()
            except StoreError as error:
                if time.monotonic() > deadline:
                    raise
                _log.warning("the store is away", why=error.summary)
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)

    # --- signs of life ----------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            await self._look_at_leases()
            with contextlib.suppress(StoreError):
                await self._queue.register(
                    WorkerRow(
                        self.name,
                        self._slots,
                        len(self._running),
                        self._stopping,
                        0,
                        0,
                        self._about(),
                    )
                )
            await asyncio.sleep(self._queue.settings.lease / 4)

    async def _look_at_leases(self) -> None:
        runs = dict(self._running)
        if not runs:
            return
        try:
            held = await self._queue.extend([run.lease for run in runs.values()])
        except StoreError as error:
            _log.warning("leases could not be extended", why=error.summary)
            return
        for job in held.lost:
            runs[job].lost = True
            runs[job].end()
        for job in held.cancelled:
            runs[job].end()

    async def _listen_for_cancels(self) -> None:
        with self._queue.database.wakeups.listen("cancel") as event:
            while True:
                await woken(event, 3600)
                await self._look_at_leases()

    async def _tell(self) -> None:
        """Bring what runs have told to the store, all of a moment together."""
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            for run in list(self._running.values()):
                if run.told and not run.judged:
                    events, run.told = run.told, []
                    with contextlib.suppress(StoreError):  # progress, not results
                        await self._queue.report(run.lease, events)

    async def _keep_order(self) -> None:
        """Take back what the dead held; forget what is old."""
        purged = 0.0
        while True:
            await asyncio.sleep(max(0.25, self._queue.settings.lease / 8))
            try:
                if taken := await self._queue.reap():
                    _log.warning("leases ran out", submissions=taken)
                if time.monotonic() - purged > _PURGE_SECONDS:
                    purged = time.monotonic()
                    while await self._queue.purge():
                        pass
            except StoreError as error:
                _log.warning("the queue could not be looked after", why=error.summary)

    # --- the end ----------------------------------------------------------------------------------

    async def _drain(self, seconds: float) -> None:
        tasks = {run.task for run in self._running.values() if run.task is not None}
        if tasks:
            _log.info("draining", submissions=len(tasks))
            await asyncio.wait(tasks, timeout=seconds)
        self.hurry()
        if left := {task for task in tasks if not task.done()}:
            _, late = await asyncio.wait(left, timeout=_LAST_WAIT)
            for task in late:
                task.cancel()
