"""The scripts of webhooks: who shall be told of a job's end, and whether they were.

A row waits from the moment its job is accepted, and becomes due in the transaction that ends the job, so that
no kill can come between the two. Deliveries are repeated until one is acknowledged or their attempts are used
up: receivers may hear the same twice, and tell it by the id. A row goes with its job.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Self

from berm.service.store.statement import Notice, Row, Script, sql


class HookState(enum.StrEnum):
    """Where a webhook is. ``delivered`` and ``failed`` are final."""

    WAITING = "waiting"
    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as it stands. Times are seconds since 1970.

    Attributes:
        tries: attempts begun.
        next_at: when the next one is due; None before the job's end and after the last attempt.
        status: of the last answer; None without one.
        error: what was wrong about the last attempt, in our own words.
        ended: when it was delivered or given up.
    """

    url: str
    state: HookState
    tries: int
    next_at: float | None
    status: int | None
    error: str | None
    ended: float | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """Read one from the table."""
        state = HookState(row["state"])
        return cls(
            row["url"],
            state,
            row["tries"],
            row["next_at"] if state is HookState.DUE else None,
            row["status"],
            row["error"],
            row["ended"],
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """The right to make one attempt. ``tries`` counts it already."""

    job: str
    token: str
    owner: str
    url: str
    tries: int


def expect(job: str, owner: str, url: str) -> Script[None]:
    """Note that somebody wants to be told of a job's end."""
    yield sql(
        "INSERT INTO webhooks (job_id, owner, url, state, tries, next_at, held_until)"
        " VALUES (:job, :owner, :url, 'waiting', 0, 0, 0)",
        job=job,
        owner=owner,
        url=url,
    )


def due(job: str) -> Script[None]:
    """The job has ended: tell whoever wants to know. For the transaction that ends it."""
    rows = yield sql(
        "UPDATE webhooks SET state = 'due', next_at = :now"
        " WHERE job_id = :job AND state = 'waiting' RETURNING job_id",
        job=job,
    )
    if rows:
        yield Notice("webhook")


def take(token: str, slots: int, *, hold: float, most_of_owner: int) -> Script[list[Delivery]]:
    """Take deliveries that are due, each for one attempt.

    Args:
        token: new for every taking; with the same one, the same deliveries are given again.
        slots: how many at most.
        hold: seconds after which somebody else may try, if nothing was heard of the attempt.
        most_of_owner: how many of one owner's may be under way at a time.
    """
    rows = yield sql(
        "SELECT job_id FROM webhooks WHERE claim = :token AND state = 'due' LIMIT 1", token=token
    )
    for _ in range(0 if rows else slots):
        rows = yield sql(
            "WITH picked AS MATERIALIZED (SELECT job_id FROM webhooks"
            " WHERE state = 'due' AND next_at <= :now"
            " AND (SELECT count(*) FROM webhooks AS beside WHERE beside.owner = webhooks.owner"
            " AND beside.state = 'due' AND beside.held_until > :now) < :most"
            " ORDER BY next_at, job_id LIMIT 1 /*pg FOR UPDATE SKIP LOCKED*/)"
            " UPDATE webhooks SET tries = tries + 1, claim = :token, next_at = :now + :hold,"
            " held_until = :now + :hold WHERE job_id IN (SELECT job_id FROM picked)"
            " RETURNING job_id",
            token=token,
            hold=hold,
            most=most_of_owner,
        )
        if not rows:
            break
    rows = yield sql(
        "SELECT job_id, owner, url, tries FROM webhooks WHERE claim = :token AND state = 'due'"
        " ORDER BY job_id",
        token=token,
    )
    return [Delivery(row["job_id"], token, row["owner"], row["url"], row["tries"]) for row in rows]


def settle(
    delivery: Delivery, *, status: int | None, error: str | None, pause: float | None
) -> Script[bool]:
    """Say how an attempt ended.

    Args:
        delivery: whose.
        status: of the answer, None without one.
        error: what was wrong; None: it is delivered.
        pause: seconds before the next attempt; None: there is none.

    Returns:
        False if the attempt is not the delivery's any more, or its job was forgotten.
    """
    after = HookState.DUE if error and pause is not None else HookState.FAILED
    rows = yield sql(
        "UPDATE webhooks SET state = :state, status = :status, error = :error, claim = NULL,"
        " held_until = 0, next_at = :now + :pause,"
        " ended = CASE WHEN :state = 'due' THEN NULL ELSE :now END"
        " WHERE job_id = :job AND claim = :token AND state = 'due' RETURNING job_id",
        job=delivery.job,
        token=delivery.token,
        state=after if error else HookState.DELIVERED,
        status=status,
        error=error,
        pause=pause or 0.0,
    )
    return bool(rows)


def of_job(job: str) -> Script[Hook | None]:
    """Return the webhook of a job, None if nobody wants to be told."""
    rows = yield sql(
        "SELECT url, state, tries, next_at, status, error, ended FROM webhooks WHERE job_id = :job",
        job=job,
    )
    return Hook.of(rows[0]) if rows else None
