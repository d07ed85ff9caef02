"""The scripts by which jobs come to workers and stay with them. Each is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from berm.service.store.jobs import Lease
from berm.service.store.statement import Notice, Script, sql

_TAKE: Final = (
    " UPDATE jobs SET state = 'running', attempt = attempt + 1, tries = tries + 1,"
    " worker = :worker, claim = :token, lease_until = :now + :lease, started = :now"
    " WHERE seq IN (SELECT seq FROM picked) RETURNING id"
)
_IN_TURN: Final = (
    "WITH picked AS MATERIALIZED (SELECT seq FROM jobs"
    " WHERE state = 'queued' AND not_before <= :now"
    " AND (:most = 0 OR (SELECT count(*) FROM jobs AS beside WHERE beside.share = jobs.share"
    " AND beside.state = 'running' AND beside.finished IS NULL) < :most)"
    " ORDER BY priority, vtime, seq LIMIT :slots /*pg FOR UPDATE SKIP LOCKED*/)"
)
_BESIDE: Final = (
    "WITH first AS MATERIALIZED (SELECT priority, vtime FROM jobs"
    " WHERE state = 'queued' AND not_before <= :now ORDER BY priority, vtime, seq LIMIT 1),"
    " picked AS MATERIALIZED (SELECT seq FROM jobs WHERE state = 'queued' AND not_before <= :now"
    " AND priority = (SELECT priority FROM first) AND vtime = (SELECT vtime FROM first)"
    " AND NOT EXISTS (SELECT 1 FROM jobs AS beside WHERE beside.share = jobs.share"
    " AND beside.state = 'running' AND beside.finished IS NULL)"
    " ORDER BY seq LIMIT :slots /*pg FOR UPDATE SKIP LOCKED*/)"
)


def claim(worker: str, token: str, slots: int, *, lease: float, most: int) -> Script[list[Lease]]:
    """Lease up to ``slots`` jobs to a worker, those first whose turn it is.

    Args:
        worker: its name.
        token: new for every claiming; with the same one, the same jobs are given again.
        slots: how many at most.
        lease: seconds.
        most: how many jobs of one share may run at a time; 0 for any number.
    """
    # The bound of a share counts what runs, so that with it each job is taken by itself.
    rounds, each = (slots, 1) if most else (1, slots)
    if not (yield from _claimed(token)):
        yield from _one_by_one(most)
        for _ in range(rounds):
            rows = yield sql(
                _IN_TURN + _TAKE, worker=worker, token=token, slots=each, lease=lease, most=most
            )
            for row in rows:
                yield Notice("job", row["id"])
            if not rows:
                break
    return (yield from _leases(token))


def claim_beside(
    worker: str, token: str, slots: int, *, lease: float, most: int
) -> Script[list[Lease]]:
    """Lease up to ``slots`` of the jobs for which a worker has a place though it has none left.

    They are of shares that have nothing running, and whose virtual time is that of the first in line:
    a share that comes with its first job, while others wait with their hundredth. Arguments are those
    of :func:`claim`.
    """
    if not (yield from _claimed(token)):
        yield from _one_by_one(most)
        rows = yield sql(_BESIDE + _TAKE, worker=worker, token=token, slots=slots, lease=lease)
        for row in rows:
            yield Notice("job", row["id"])
    return (yield from _leases(token))


def _claimed(token: str) -> Script[bool]:
    """Tell whether an earlier run of this has taken jobs, whose answer did not come."""
    rows = yield sql(
        "SELECT id FROM jobs WHERE claim = :token AND state = 'running' LIMIT 1", token=token
    )
    return bool(rows)


def _one_by_one(most: int) -> Script[None]:
    """Where a share's running jobs are bounded, let one worker at a time take any."""
    if most:
        yield sql("SELECT 1 AS one /*pg , pg_advisory_xact_lock(1651666539)*/")


def _leases(token: str) -> Script[list[Lease]]:
    rows = yield sql(
        "SELECT jobs.id, jobs.attempt, jobs.tries, jobs.owner, jobs.share, payloads.body FROM jobs"
        " JOIN payloads ON payloads.job_id = jobs.id"
        " WHERE jobs.claim = :token AND jobs.state = 'running'"
        " ORDER BY jobs.priority, jobs.vtime, jobs.seq",
        token=token,
    )
    return [
        Lease(
            row["id"],
            row["attempt"],
            row["tries"],
            row["owner"],
            row["share"],
            bytes(row["body"]),
        )
        for row in rows
    ]


def extend(held: Sequence[tuple[str, int]], *, lease: float) -> Script[dict[str, bool]]:
    """Prolong leases by id and attempt.

    Returns:
        For each that is still held, whether somebody wants the job cancelled. What is not among
        them was given to somebody else, cancelled or deleted: stop working on it.
    """
    still: dict[str, bool] = {}
    for job, attempt in sorted(held):
        rows = yield sql(
            "UPDATE jobs SET lease_until = :now + :lease"
            " WHERE id = :id AND attempt = :attempt AND state = 'running' RETURNING cancel",
            lease=lease,
            id=job,
            attempt=attempt,
        )
        if rows:
            still[job] = bool(rows[0]["cancel"])
    return still
