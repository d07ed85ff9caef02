"""The queue: what is accepted is judged once, or its owner is told why not.

:class:`JobQueue` is the port that routes and workers use; what happens in a transaction stands in
:mod:`berm.service.store.dispatch`, :mod:`~berm.service.store.leases` and :mod:`~berm.service.store.records`,
once for both databases.
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from pydantic import Field

from berm.errors import BermError, StoreError
from berm.service.section import Section
from berm.service.store import dispatch, leases, records
from berm.service.store.database import Database
from berm.service.store.dispatch import CollisionError, KeyReusedError, QueueFullError
from berm.service.store.jobs import Job, JobState, Lease, NewJob, Ticket
from berm.service.store.records import Figures, Filter, Record, WorkerRow

T = TypeVar("T")

DAY: Final = 86_400.0
_LOOK_SECONDS: Final = 1.0
_IN_LINE: Final = 20_000
_COLLISIONS: Final = 5
_AT_A_TIME: Final = 200


class QueueSettings(Section):
    """Settings of the queue. Times are seconds."""

    TABLE: ClassVar[str] = "queue"
    PREFIX: ClassVar[str] = "BERM_QUEUE_"

    slots: int = Field(
        0,
        ge=0,
        le=1024,
        description="Submissions that this worker judges at a time; 0: as many as programs run at"
        " a time.",
    )
    spare: int = Field(
        1,
        ge=0,
        le=1024,
        description="Submissions that this worker begins beyond its slots: of users who have none"
        " running, when it is their turn. They go on before what somebody runs without end.",
    )
    lease: float = Field(
        15.0,
        ge=1,
        le=3600,
        description="Seconds without a sign of life after which a worker's submissions are given"
        " to another one; it gives four signs in that time.",
    )
    attempts: int = Field(
        3,
        ge=1,
        le=100,
        description="Workers that may die over a submission; then it ends as IE, with the evidence.",
    )
    poll: float = Field(
        1.0,
        gt=0,
        le=60,
        description="Seconds after which a worker, and who waits for a result, look by themselves.",
    )
    max_queued: int = Field(
        10_000, ge=1, le=1_000_000, description="Submissions that may wait; past it: 503."
    )
    max_queued_per_user: int = Field(
        200, ge=1, le=1_000_000, description="Submissions of one user that may wait; past it: 429."
    )
    max_running_per_user: int = Field(
        0, ge=0, le=1024, description="Submissions of one user judged at a time; 0: any number."
    )
    keep_results: float = Field(
        7 * DAY, ge=60, description="Seconds that a submission is kept after its end."
    )
    keep_code: float = Field(
        0.0, ge=0, description="Seconds that its code and inputs are; 0: deleted with its end."
    )


class FullError(BermError):
    """The queue takes no more.

    Attributes:
        of_user: True if only this user's part of the queue is full.
        retry_after: seconds, estimated.
    """

    def __init__(self, summary: str, *, of_user: bool, retry_after: float) -> None:
        super().__init__(summary, remedy=f"Send it again in {math.ceil(retry_after)} s.")
        self.of_user = of_user
        self.retry_after = retry_after


class IdempotencyError(BermError):
    """The idempotency key belongs to another request."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a queued job is: 1 is next. ``seconds`` until it starts, None if nobody can tell."""

    position: int
    seconds: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What became of the leases that a worker tried to extend, by the ids of their jobs."""

    lost: frozenset[str]
    cancelled: frozenset[str]


class _Glance(Generic[T]):
    """What one look at the store tells everybody who asks within a second, however many they are."""

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        self._turn = asyncio.Lock()
        self._seen: tuple[float, T] | None = None

    async def get(self) -> T:
        async with self._turn:
            now = time.monotonic()
            if self._seen is None or now - self._seen[0] > _LOOK_SECONDS:
                self._seen = (now, await self._look())
            return self._seen[1]


class JobQueue:
    """The durable queue over one database. Lives on one event loop."""

    def __init__(self, database: Database, settings: QueueSettings | None = None) -> None:
        self.database = database
        self.settings = settings or QueueSettings()
        self._figures = _Glance(self._look_at_figures)
        self._line = _Glance(self._look_at_line)

    # --- in ---------------------------------------------------------------------------------------

    async def enqueue(self, jobs: Sequence[NewJob]) -> list[Ticket]:
        """Keep all of the jobs, or none; when this returns, they are on the disk.

        Raises:
            FullError: there is no room for them.
            IdempotencyError: the idempotency key belongs to another request.
            StoreError: the store did not say that it keeps them. It may, nevertheless: send the
                same ids or idempotency keys again.
        """
        for _ in range(_COLLISIONS):
            try:
                return await self.database.run(
                    dispatch.enqueue,
                    jobs,
                    most=self.settings.max_queued,
                    most_of_share=self.settings.max_queued_per_user,
                )
            except CollisionError:
                continue
            except KeyReusedError:
                raise IdempotencyError(
                    "This Idempotency-Key was used for another submission.",
                    remedy="Use a new key for each new submission.",
                ) from None
            except QueueFullError as full:
                raise await self._full(full.share) from None
        raise StoreError("Many requests use the same Idempotency-Key at this moment.")

    async def _full(self, share: str) -> FullError:
        known = await self.figures()
        slot = (known.seconds or 1.0) / max(1, known.slots)
        if share:
            summary = f"You have {self.settings.max_queued_per_user} submissions waiting already."
            return FullError(summary, of_user=True, retry_after=max(1.0, known.wait(1) or slot))
        summary = f"{self.settings.max_queued} submissions are waiting; there is no room for more."
        # A tenth of the queue has moved on by then, so that not everybody comes back at once.
        return FullError(
            summary, of_user=False, retry_after=max(1.0, slot * self.settings.max_queued / 10)
        )

    # --- workers ----------------------------------------------------------------------------------

    async def claim(self, worker: str, slots: int, token: str = "") -> list[Lease]:
        """Lease up to ``slots`` jobs to a worker, those first whose turn it is.

        Args:
            worker: its name.
            slots: how many at most.
            token: of an earlier claiming whose answer did not come, to get the same jobs.
        """
        return await self.database.run(
            leases.claim,
            worker,
            token or uuid.uuid4().hex,
            slots,
            lease=self.settings.lease,
            most=self.settings.max_running_per_user,
        )

    async def claim_beside(self, worker: str, slots: int, token: str = "") -> list[Lease]:
        """Lease up to ``slots`` jobs of shares that have none running, if it is their turn. A worker has
        a place for them beyond those that it asks to fill by :meth:`claim`, with the same arguments.
        """
        return await self.database.run(
            leases.claim_beside,
            worker,
            token or uuid.uuid4().hex,
            slots,
            lease=self.settings.lease,
            most=self.settings.max_running_per_user,
        )

    async def extend(self, held: Sequence[Lease]) -> Held:
        """Prolong leases, and learn which are lost and which shall be cancelled."""
        still = await self.database.run(
            leases.extend,
            [(lease.id, lease.attempt) for lease in held],
            lease=self.settings.lease,
        )
        return Held(
            lost=frozenset(lease.id for lease in held if lease.id not in still),
            cancelled=frozenset(job for job, cancel in still.items() if cancel),
        )

    async def finish(self, lease: Lease, verdict: str, body: bytes) -> bool:
        """Store a result; False if the lease was lost, and with it the result."""
        return await self.database.run(
            dispatch.finish,
            lease.id,
            lease.attempt,
            verdict=verdict,
            body=body,
            keep_payload=self.settings.keep_code > 0,
        )

    async def give_back(
        self, lease: Lease, reason: str, *, counts: bool, delay: float = 0.0
    ) -> bool:
        """End an attempt without a result; False if the lease was lost.

        Args:
            lease: of the attempt.
            reason: why; evidence if it counts.
            counts: False where the job is surely not to blame.
            delay: seconds until the job may be tried again.
        """
        return await self.database.run(
            dispatch.give_back,
            lease.id,
            lease.attempt,
            reason,
            counts=counts,
            delay=delay,
            most_tries=self.settings.attempts,
            keep_payload=self.settings.keep_code > 0,
        )

    async def report(self, lease: Lease, events: Sequence[tuple[int, bytes]]) -> bool:
        """Add what an attempt has to tell while it runs; False if the lease was lost."""
        return await self.database.run(records.report, lease.id, lease.attempt, events)

    async def register(self, worker: WorkerRow) -> None:
        """Say that a worker is alive."""
        await self.database.run(records.register, worker)

    async def deregister(self, worker: str) -> None:
        """Say that a worker has ended."""
        await self.database.run(records.deregister, worker)

    async def workers(self) -> list[WorkerRow]:
        """Return the workers that are alive."""
        return await self.database.look(records.workers, alive=self.settings.lease)

    # --- clients ----------------------------------------------------------------------------------

    async def get(self, job: str) -> Job | None:
        """Return a job."""
        return await self.database.look(records.get, job)

    async def record(self, job: str) -> Record | None:
        """Return a job with its result, failures and events."""
        return await self.database.look(records.record, job)

    async def page(self, wanted: Filter, limit: int) -> list[Job]:
        """List jobs, the newest first."""
        return await self.database.look(records.page, wanted, limit)

    async def cancel(self, job: str) -> JobState | None:
        """Cancel; return the state in which that found the job. A running one ends soon."""
        return await self.database.run(
            dispatch.cancel, job, keep_payload=self.settings.keep_code > 0
        )

    async def place(self, job: str) -> Place | None:
        """Return where a queued job is; None if it does not wait. At most a second old."""
        ahead = (await self._line.get()).get(job)
        if ahead is None:
            return None
        return Place(ahead + 1, (await self.figures()).wait(ahead))

    async def waits(self, job: str) -> bool:
        """Tell whether a queued job is still where it was. At most a second old."""
        return job in await self._line.get()

    async def figures(self) -> Figures:
        """Return the state of the queue, at most a second old."""
        return await self._figures.get()

    async def _look_at_line(self) -> Mapping[str, int]:
        ids = await self.database.look(records.line, _IN_LINE)
        return {one: number for number, one in enumerate(ids)}

    async def _look_at_figures(self) -> Figures:
        return await self.database.look(
            records.figures, most=self.settings.max_queued, alive=self.settings.lease
        )

    # --- upkeep -----------------------------------------------------------------------------------

    async def reap(self, *, everything: bool = False) -> int:
        """Take back what dead workers held: those whose lease ran out, or everything."""
        return await self.database.run(
            dispatch.reap,
            everything=everything,
            most=_AT_A_TIME,
            most_tries=self.settings.attempts,
            keep_payload=self.settings.keep_code > 0,
        )

    async def purge(self) -> int:
        """Forget what is older than the settings allow; call again while it returns a number."""
        return await self.database.run(
            records.purge,
            results=self.settings.keep_results,
            payloads=self.settings.keep_code,
            most=_AT_A_TIME,
        )

    async def erase(self, owner: str, user_id: str | None = None) -> int:
        """Forget everything of an owner, or of one of its users; return how many jobs there were."""
        return await self.database.run(records.erase, owner, user_id)
