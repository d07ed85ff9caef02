"""The scripts that read jobs, report on them, and forget them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from berm.service.store import webhooks
from berm.service.store.jobs import COLUMNS, Failure, Job, JobState
from berm.service.store.statement import Notice, Script, sql
from berm.service.store.webhooks import Hook


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """A job with everything that is known of it.

    Attributes:
        job: its row.
        result: what the worker stored, None without one.
        failures: attempts that gave no result, in order.
        events: what the running attempt has reported, by number.
        hook: who shall be told of its end; None for nobody.
    """

    job: Job
    result: bytes | None
    failures: tuple[Failure, ...]
    events: tuple[tuple[int, bytes], ...]
    hook: Hook | None


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs to list; None does not matter.

    Attributes:
        before: jobs older than the one with this ``seq``.
    """

    owner: str | None = None
    state: str | None = None
    language: str | None = None
    verdict: str | None = None
    user_id: str | None = None
    question_id: str | None = None
    batch: str | None = None
    before: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """The state of the queue.

    Attributes:
        queued: jobs that wait, counted to the bound that was asked for.
        running: jobs that run.
        oldest: seconds for which the oldest queued job has waited; 0 without one.
        slots: jobs that the living workers run at a time.
        seconds: mean duration of the last jobs; None where there were none.
    """

    queued: int
    running: int
    oldest: float
    slots: int
    seconds: float | None

    def wait(self, ahead: int) -> float | None:
        """Estimate the seconds until a job with so many before it starts; None: nobody knows."""
        if self.seconds is None or not self.slots:
            return None
        return max(0, ahead + self.running + 1 - self.slots) * self.seconds / self.slots


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerRow:
    """What a worker says of itself. Times are seconds since 1970."""

    name: str
    slots: int
    running: int
    draining: bool
    began: float
    seen: float
    about: bytes


def get(job: str) -> Script[Job | None]:
    """Return the job, None if there is none."""
    rows = yield sql(f"SELECT {COLUMNS} FROM jobs WHERE id = :id", id=job)  # noqa: S608 - constant
    return Job.of(rows[0]) if rows else None


def record(job: str) -> Script[Record | None]:
    """Return the job with its result, failures and events."""
    found = yield from get(job)
    if found is None:
        return None
    body: bytes | None = None
    events: tuple[tuple[int, bytes], ...] = ()
    failures: tuple[Failure, ...] = ()
    if found.state is JobState.DONE:
        rows = yield sql("SELECT body FROM results WHERE job_id = :id", id=job)
        body = bytes(rows[0]["body"]) if rows else None
    elif found.state is JobState.RUNNING:
        rows = yield sql(
            "SELECT number, body FROM events WHERE job_id = :id AND attempt = :attempt"
            " ORDER BY number",
            id=job,
            attempt=found.attempt,
        )
        events = tuple((row["number"], bytes(row["body"])) for row in rows)
    if found.attempt:
        rows = yield sql(
            "SELECT attempt, worker, began, ended, reason FROM failures WHERE job_id = :id"
            " ORDER BY attempt",
            id=job,
        )
        failures = tuple(Failure.of(row) for row in rows)
    hook = yield from webhooks.of_job(job)
    return Record(found, body, failures, events, hook)


def page(wanted: Filter, limit: int) -> Script[list[Job]]:
    """List jobs, the newest first."""
    conditions = ["1 = 1"]
    values: dict[str, object] = {}
    for field in dataclasses.fields(wanted):
        value = getattr(wanted, field.name)
        if value is not None:
            column = "seq <" if field.name == "before" else f"{field.name} ="
            conditions.append(f"{column} :{field.name}")
            values[field.name] = value
    rows = yield sql(
        f"SELECT {COLUMNS} FROM jobs WHERE {' AND '.join(conditions)}"  # noqa: S608 - our own names
        " ORDER BY seq DESC LIMIT :limit",
        limit=limit,
        **values,
    )
    return [Job.of(row) for row in rows]


def line(most: int) -> Script[list[str]]:
    """Return the ids of the queued jobs in the order in which they will start, the first ones."""
    rows = yield sql(
        "SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority, vtime, seq LIMIT :most",
        most=most,
    )
    return [row["id"] for row in rows]


def figures(*, most: int, alive: float, sample: int = 100) -> Script[Figures]:
    """Measure the queue.

    Args:
        most: count no further than this.
        alive: seconds within which a worker must have been seen.
        sample: how many of the last jobs the mean is over.
    """
    rows = yield sql(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'queued' LIMIT :most) AS q)"
        " AS queued, (SELECT count(*) FROM jobs WHERE state = 'running') AS running,"
        " (SELECT COALESCE(sum(slots), 0) FROM workers WHERE seen > :now - :alive"
        " AND draining = 0) AS slots,"
        " (SELECT :now - min(created) FROM jobs WHERE state = 'queued') AS oldest,"
        " (SELECT avg(seconds) FROM (SELECT finished - started AS seconds FROM jobs"
        " WHERE finished IS NOT NULL AND started IS NOT NULL"
        " ORDER BY finished DESC LIMIT :sample) AS last) AS seconds",
        most=most,
        alive=alive,
        sample=sample,
    )
    row = rows[0]
    return Figures(
        queued=row["queued"],
        running=row["running"],
        oldest=max(0.0, row["oldest"] or 0.0),
        slots=int(row["slots"]),
        seconds=None if row["seconds"] is None else float(row["seconds"]),
    )


def report(job: str, attempt: int, events: Sequence[tuple[int, bytes]]) -> Script[bool]:
    """Add events of a running attempt; False if it is not the job's any more."""
    rows = yield sql(
        "SELECT 1 AS one FROM jobs WHERE id = :id AND attempt = :attempt AND state = 'running'"
        " /*pg FOR UPDATE*/",
        id=job,
        attempt=attempt,
    )
    if not rows:
        return False
    for number, body in events:
        yield sql(
            "INSERT INTO events (job_id, attempt, number, body)"
            " VALUES (:id, :attempt, :number, :body) ON CONFLICT DO NOTHING",
            id=job,
            attempt=attempt,
            number=number,
            body=body,
        )
    yield Notice("job", job)
    return True


def register(worker: WorkerRow) -> Script[None]:
    """Say that a worker is alive, and what it does."""
    yield sql(
        "INSERT INTO workers (name, slots, running, draining, began, seen, about)"
        " VALUES (:name, :slots, :running, :draining, :now, :now, :about)"
        " ON CONFLICT (name) DO UPDATE SET slots = excluded.slots, running = excluded.running,"
        " draining = excluded.draining, seen = excluded.seen, about = excluded.about",
        name=worker.name,
        slots=worker.slots,
        running=worker.running,
        draining=int(worker.draining),
        about=worker.about,
    )


def deregister(name: str) -> Script[None]:
    """Say that a worker has ended."""
    yield sql("DELETE FROM workers WHERE name = :name", name=name)


def workers(*, alive: float) -> Script[list[WorkerRow]]:
    """Return the workers that were seen within so many seconds."""
    rows = yield sql(
        "SELECT name, slots, running, draining, began, seen, about FROM workers"
        " WHERE seen > :now - :alive ORDER BY name",
        alive=alive,
    )
    return [
        WorkerRow(
            row["name"],
            row["slots"],
            row["running"],
            bool(row["draining"]),
            row["began"],
            row["seen"],
            bytes(row["about"]),
        )
        for row in rows
    ]


def purge(*, results: float, payloads: float, most: int) -> Script[int]:
    """Forget what is older than it may be.

    Args:
        results: seconds that a job is kept after its end, with its result.
        payloads: seconds that its program is.
        most: how many jobs at a time.

    Returns:
        How many jobs were forgotten.
    """
    rows = yield sql(
        "DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE finished IS NOT NULL"
        " AND finished < :now - :results ORDER BY finished LIMIT :most"
        " /*pg FOR UPDATE SKIP LOCKED*/) RETURNING seq",
        results=results,
        most=most,
    )
    yield sql(
        "DELETE FROM payloads WHERE job_id IN (SELECT jobs.id FROM jobs"
        " JOIN payloads AS kept ON kept.job_id = jobs.id WHERE jobs.finished IS NOT NULL"
        " AND jobs.finished < :now - :payloads LIMIT :most)",
        payloads=payloads,
        most=most,
    )
    yield sql(
        "DELETE FROM shares WHERE touched < :now - :results AND NOT EXISTS (SELECT 1 FROM jobs"
        " WHERE jobs.share = shares.share AND jobs.finished IS NULL)",
        results=results,
    )
    yield sql("DELETE FROM workers WHERE seen < :now - 3600")
    return len(rows)


def erase(owner: str, user_id: str | None) -> Script[int]:
    """Forget everything of an owner, or of one of its users: also what waits and what runs.

    Returns:
        How many jobs there were.
    """
    rows = yield sql(
        "DELETE FROM jobs WHERE owner = :owner"
        " AND (CAST(:user_id AS text) IS NULL OR user_id = :user_id) RETURNING id, share, state",
        owner=owner,
        user_id=user_id,
    )
    for row in rows:
        if row["state"] == JobState.RUNNING:
            yield Notice("cancel", row["id"])  # its worker finds no lease any more
        if row["state"] in (JobState.QUEUED, JobState.RUNNING):
            yield Notice("job", row["id"])
    for share in sorted({row["share"] for row in rows}):
        yield sql(
            "DELETE FROM shares WHERE share = :share AND NOT EXISTS"
            " (SELECT 1 FROM jobs WHERE jobs.share = shares.share)",
            share=share,
        )
    return len(rows)
