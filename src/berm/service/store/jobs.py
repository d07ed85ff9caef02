"""What the queue holds: jobs, leases, and how attempts ended."""

from __future__ import annotations

import dataclasses
import enum
from typing import Final, Self

from berm.service.store.statement import Row


class JobState(enum.StrEnum):
    """Where a job is. ``done`` and ``cancelled`` are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Priority(enum.IntEnum):
    """Which jobs go before which. Within a priority, turns are shared fairly."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


@dataclasses.dataclass(frozen=True, slots=True)
class NewJob:
    """A job to enqueue.

    Attributes:
        id: chosen by whoever enqueues, so that doing it twice makes one job.
        owner: whose it is, for access.
        share: whose turn it takes, for fairness and for the length of one's queue.
        priority: before whose.
        cost: how much of the share's turn it takes; the unit is one run of a program.
        language: for filters and figures.
        digest: of what was asked for; the same idempotency key with another digest is refused.
        payload: what the worker needs.
        idempotency_key: the client's name for this request, unique per owner.
        user_id, question_id, batch: for filters.
        webhook: the URL that shall be told of the job's end.
    """

    id: str
    owner: str
    share: str
    language: str
    digest: str
    payload: bytes
    priority: Priority = Priority.NORMAL
    cost: float = 1.0
    idempotency_key: str | None = None
    user_id: str | None = None
    question_id: str | None = None
    batch: str | None = None
    webhook: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """What enqueueing gave: the job's id; ``replayed`` if an earlier request had made it."""

    id: str
    replayed: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Lease:
    """The right of one worker to give a job its result.

    Attributes:
        attempt: the fencing token. Whoever holds an older one changes nothing any more.
        tries: attempts that count, this one included.
        share: whose turns it takes.
    """

    id: str
    attempt: int
    tries: int
    owner: str
    share: str
    payload: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt ended that gave no result. Times are seconds since 1970."""

    attempt: int
    worker: str
    began: float
    ended: float
    reason: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """Read one from the table."""
        return cls(row["attempt"], row["worker"], row["began"], row["ended"], row["reason"])


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. Times are seconds since 1970."""

    seq: int
    id: str
    owner: str
    share: str
    state: JobState
    priority: Priority
    vtime: float
    attempt: int
    tries: int
    worker: str | None
    lease_until: float | None
    cancel: bool
    language: str
    user_id: str | None
    question_id: str | None
    batch: str | None
    verdict: str | None
    created: float
    started: float | None
    finished: float | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """Read one from the table."""
        values = {name: row[name] for name in _FIELDS}
        values["state"] = JobState(values["state"])
        values["priority"] = Priority(values["priority"])
        values["cancel"] = bool(values["cancel"])
        return cls(**values)

    @property
    def final(self) -> bool:
        """True if nothing about it changes any more."""
        return self.state in (JobState.DONE, JobState.CANCELLED)


_FIELDS: Final = tuple(field.name for field in dataclasses.fields(Job))
COLUMNS: Final = ", ".join(_FIELDS)
"""The columns of ``jobs`` that a :class:`Job` is read from."""
