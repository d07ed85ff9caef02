"""The scripts that move a job: in, back from a worker, to its end. Each is one transaction.

To a worker it comes by those of :mod:`berm.service.store.leases`.

Fairness is start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queueing", SIGCOMM 1996): a
job's virtual start is the virtual time at its arrival, or where its share's last job ends if that is
later. Jobs go by priority, then virtual start, then arrival. So whoever has nothing waiting goes
first, however many jobs somebody else has sent before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from berm.service.store import webhooks
from berm.service.store.jobs import JobState, NewJob, Ticket
from berm.service.store.statement import Notice, Row, Script, sql

INTERNAL_ERROR: Final = "IE"
WORK: Final = Notice("work")


class QueueFullError(Exception):
    """The queue, or one share of it, takes no more.

    Attributes:
        share: whose part of the queue is full; an empty string for the whole queue.
    """

    def __init__(self, share: str = "") -> None:
        super().__init__(share)
        self.share = share


class KeyReusedError(Exception):
    """The idempotency key was used for another request."""


class CollisionError(Exception):
    """Another transaction enqueued the same key at the same moment: run this one again."""


def enqueue(new: Sequence[NewJob], *, most: int, most_of_share: int) -> Script[list[Ticket]]:
    """Put all of the jobs into the queue, or none.

    Args:
        new: the jobs.
        most: how many jobs may be queued.
        most_of_share: how many of one share.

    Raises:
        QueueFullError: nothing was put in.
        KeyReusedError: likewise.
        CollisionError: likewise; the next try finds what the other one made.
    """
    tickets: list[Ticket] = []
    fresh: list[NewJob] = []
    for job in new:
        found = yield from _known(job)
        tickets.append(found or Ticket(job.id))
        if found is None:
            fresh.append(job)
    if fresh:
        rows = yield sql(
            "SELECT count(*) AS n FROM (SELECT 1 FROM jobs WHERE state = 'queued' LIMIT :most) AS q",
            most=most,
        )
        if rows[0]["n"] + len(fresh) > most:
            raise QueueFullError
    # In one order everywhere, so that two transactions never wait for each other.
    for job in sorted(fresh, key=lambda job: job.share):
        yield from _insert(job, most_of_share)
    if fresh:
        yield WORK
    return tickets


def _known(job: NewJob) -> Script[Ticket | None]:
    """Find the job that an earlier run of this, or an earlier request, has made."""
    rows = yield sql("SELECT id FROM jobs WHERE id = :id", id=job.id)
    if rows:
        return Ticket(job.id)
    if job.idempotency_key is None:
        return None
    rows = yield sql(
        "SELECT id, digest FROM jobs WHERE owner = :owner AND idempotency_key = :key",
        owner=job.owner,
        key=job.idempotency_key,
    )
    if not rows:
        return None
    if rows[0]["digest"] != job.digest:
        raise KeyReusedError
    return Ticket(rows[0]["id"], replayed=True)


def _insert(job: NewJob, most_of_share: int) -> Script[None]:
    # The row of the share is locked from here on: its jobs are lined up one after the other.
    rows = yield sql(
        "INSERT INTO shares (share, priority, vfinish, touched)"
        " VALUES (:share, :priority, 0, :now)"
        " ON CONFLICT (share, priority) DO UPDATE SET touched = excluded.touched"
        " RETURNING vfinish",
        share=job.share,
        priority=job.priority,
    )
    (own,) = rows
    rows = yield sql(
        "SELECT count(*) AS n FROM jobs WHERE share = :share AND state = 'queued'"
        " AND finished IS NULL",
        share=job.share,
    )
    if rows[0]["n"] >= most_of_share:
        raise QueueFullError(job.share)
    # Virtual time: the start of the next job in line that was never tried (one that comes back has
    # an old one). Nobody in line: everybody starts anew where the farthest share has got to.
    rows = yield sql(
        "SELECT COALESCE("
        "(SELECT min(vtime) FROM jobs WHERE state = 'queued' AND priority = :priority"
        " AND attempt = 0),"
        " (SELECT max(vfinish) FROM shares WHERE priority = :priority), 0) AS vnow",
        priority=job.priority,
    )
    start = max(float(rows[0]["vnow"]), float(own["vfinish"]))
    yield sql(
        "UPDATE shares SET vfinish = :vfinish WHERE share = :share AND priority = :priority",
        vfinish=start + job.cost,
        share=job.share,
        priority=job.priority,
    )
    rows = yield sql(
        "INSERT INTO jobs (id, owner, share, state, priority, vtime, cost, not_before, attempt,"
        " tries, cancel, language, user_id, question_id, batch, idempotency_key, digest, created)"
        " VALUES (:id, :owner, :share, 'queued', :priority, :vtime, :cost, 0, 0, 0, 0, :language,"
        " :user_id, :question_id, :batch, :key, :digest, :now)"
        " ON CONFLICT DO NOTHING RETURNING seq",
        id=job.id,
        owner=job.owner,
        share=job.share,
        priority=job.priority,
        vtime=start,
        cost=job.cost,
        language=job.language,
        user_id=job.user_id,
        question_id=job.question_id,
        batch=job.batch,
        key=job.idempotency_key,
        digest=job.digest,
    )
    if not rows:
        raise CollisionError
    yield sql(
        "INSERT INTO payloads (job_id, body) VALUES (:id, :body)", id=job.id, body=job.payload
    )
    if job.webhook is not None:
        yield from webhooks.expect(job.id, job.owner, job.webhook)


def finish(
    job: str, attempt: int, *, verdict: str, body: bytes, keep_payload: bool
) -> Script[bool]:
    """Store a result and end the job, if the attempt is still the job's.

    A job that somebody wants cancelled ends as cancelled, without the result.

    Returns:
        False if it is not: the result is thrown away.
    """
    rows = yield sql(
        "UPDATE jobs SET state = CASE WHEN cancel = 1 THEN 'cancelled' ELSE 'done' END,"
        " verdict = CASE WHEN cancel = 1 THEN NULL ELSE :verdict END,"
        " finished = :now, lease_until = NULL, claim = NULL"
        " WHERE id = :id AND attempt = :attempt AND state = 'running' RETURNING state",
        verdict=verdict,
        id=job,
        attempt=attempt,
    )
    if not rows:
        # Perhaps this very transaction was committed before, and its answer lost.
        rows = yield sql(
            "SELECT 1 AS one FROM jobs WHERE id = :id AND attempt = :attempt AND (state = 'cancelled'"
            " OR EXISTS (SELECT 1 FROM results WHERE job_id = :id AND attempt = :attempt))",
            id=job,
            attempt=attempt,
        )
        return bool(rows)
    if rows[0]["state"] == JobState.DONE:
        yield sql(
            "INSERT INTO results (job_id, attempt, body) VALUES (:id, :attempt, :body)",
            id=job,
            attempt=attempt,
            body=body,
        )
    yield from _ended(job, keep_payload=keep_payload)
    return True


def give_back(
    job: str,
    attempt: int,
    reason: str,
    *,
    counts: bool,
    delay: float,
    most_tries: int,
    keep_payload: bool,
) -> Script[bool]:
    """End an attempt without a result, if it is still the job's.

    Args:
        job, attempt: which.
        reason: kept as evidence if it counts.
        counts: False if the attempt is not the job's fault, such as when a worker drains.
        delay: seconds before the job may be tried again.
        most_tries: how many attempts that count a job gets.
        keep_payload: whether the program is kept after the job's end.

    Returns:
        False if it is not.
    """
    rows = yield sql(
        "SELECT id, attempt, tries, worker, started, cancel FROM jobs"
        " WHERE id = :id AND attempt = :attempt AND state = 'running' /*pg FOR UPDATE*/",
        id=job,
        attempt=attempt,
    )
    if not rows:
        return False
    yield from _fail(
        rows[0],
        reason,
        counts=counts,
        delay=delay,
        most_tries=most_tries,
        keep_payload=keep_payload,
    )
    return True


def reap(*, everything: bool, most: int, most_tries: int, keep_payload: bool) -> Script[int]:
    """Take back jobs whose lease ran out: their worker died, or cannot reach the store.

    Args:
        everything: take back all running jobs, whatever their lease: no worker is alive.
        most: how many at a time.
        most_tries: how many attempts that count a job gets.
        keep_payload: whether a program is kept after its job's end.

    Returns:
        How many were taken back.
    """
    rows = yield sql(
        "SELECT id, attempt, tries, worker, started, cancel FROM jobs WHERE state = 'running'"
        " AND (:everything = 1 OR lease_until < :now)"
        " ORDER BY lease_until, seq LIMIT :most /*pg FOR UPDATE SKIP LOCKED*/",
        most=most,
        everything=int(everything),
    )
    why = "the service ended" if everything else "its lease ran out"
    for row in rows:
        yield from _fail(
            row,
            f"The worker did not finish it: {why}.",
            counts=True,
            delay=0,
            most_tries=most_tries,
            keep_payload=keep_payload,
        )
    return len(rows)


def _fail(
    row: Row, reason: str, *, counts: bool, delay: float, most_tries: int, keep_payload: bool
) -> Script[None]:
    job = row["id"]
    if counts:
        yield sql(
            "INSERT INTO failures (job_id, attempt, worker, began, ended, reason)"
            " VALUES (:id, :attempt, :worker, :began, :now, :reason)",
            id=job,
            attempt=row["attempt"],
            worker=row["worker"],
            began=row["started"],
            reason=reason,
        )
    given_up = counts and row["tries"] >= most_tries
    if row["cancel"] or given_up:
        yield sql(
            "UPDATE jobs SET state = :state, verdict = :verdict, finished = :now,"
            " lease_until = NULL, claim = NULL WHERE id = :id",
            state=JobState.CANCELLED if row["cancel"] else JobState.DONE,
            verdict=None if row["cancel"] else INTERNAL_ERROR,
            id=job,
        )
        yield from _ended(job, keep_payload=keep_payload)
        return
    yield sql(
        "UPDATE jobs SET state = 'queued', tries = tries - :uncounted, not_before = :now + :delay,"
        " worker = NULL, claim = NULL, lease_until = NULL, started = NULL WHERE id = :id",
        uncounted=0 if counts else 1,
        delay=delay,
        id=job,
    )
    yield sql("DELETE FROM events WHERE job_id = :id", id=job)
    yield WORK
    yield Notice("job", job)


def cancel(job: str, *, keep_payload: bool) -> Script[JobState | None]:
    """Cancel a queued job at once; of a running one say that it shall be.

    Returns:
        The state it was in; None if there is no such job.
    """
    rows = yield sql("SELECT state FROM jobs WHERE id = :id /*pg FOR UPDATE*/", id=job)
    if not rows:
        return None
    state = JobState(rows[0]["state"])
    if state is JobState.QUEUED:
        yield sql(
            "UPDATE jobs SET state = 'cancelled', finished = :now, cancel = 1 WHERE id = :id",
            id=job,
        )
        yield from _ended(job, keep_payload=keep_payload)
    elif state is JobState.RUNNING:
        yield sql("UPDATE jobs SET cancel = 1 WHERE id = :id", id=job)
        yield Notice("cancel", job)
    return state


def _ended(job: str, *, keep_payload: bool) -> Script[None]:
    yield sql("DELETE FROM events WHERE job_id = :id", id=job)
    if not keep_payload:
        yield sql("DELETE FROM payloads WHERE job_id = :id", id=job)
    yield from webhooks.due(job)
    yield Notice("job", job)
