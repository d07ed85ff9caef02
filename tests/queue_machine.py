"""The machine that drives the queue and its model side by side through random sequences.

Used by tests/integration/test_queue_model.py (a few sequences) and tests/bench/queue_sequences.py (many).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from berm.service.queue import FullError, IdempotencyError, JobQueue, QueueSettings
from berm.service.store import migration, webhooks
from berm.service.store.database import Database
from berm.service.store.jobs import Lease, NewJob, Priority
from berm.service.store.opening import open_database
from berm.service.store.settings import StoreSettings
from berm.service.store.statement import Script, sql
from berm.service.store.webhooks import Delivery
from queue_model import (
    ATTEMPTS,
    HOLD,
    HOOKS_OF_OWNER,
    KEEP,
    LEASE,
    MOST,
    MOST_OF_SHARE,
    Entry,
    Model,
)

T = TypeVar("T")


class Rig:
    """An event loop, a database and a queue, used again by every sequence."""

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.now = 0.0
        self.database = self.do(self._open(url))

    async def _open(self, url: str) -> Database:
        settings = StoreSettings(url=url)
        await migration.migrate(settings)
        return await open_database(settings, clock=lambda: self.now)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def queue(self, most_running: int, keep_code: float) -> JobQueue:
        """Return a queue with nothing in it."""
        for table in ("jobs", "shares", "workers"):
            self.do(self.database.execute(f"DELETE FROM {table}"))
        return JobQueue(
            self.database,
            QueueSettings(
                lease=LEASE,
                attempts=ATTEMPTS,
                max_queued=MOST,
                max_queued_per_user=MOST_OF_SHARE,
                max_running_per_user=most_running,
                keep_results=KEEP,
                keep_code=keep_code,
            ),
        )

    def close(self) -> None:
        self.do(self.database.close())
        self.runner.close()


@contextlib.contextmanager
def rig(url: str) -> Iterator[Rig]:
    made = Rig(url)
    try:
        yield made
    finally:
        made.close()


Draw = Callable[[Any], Any]
Claim = Callable[[str, int, str], Coroutine[Any, Any, list[Lease]]]
NAMES = st.sampled_from(["ann", "bob", "eve"])


class QueueMachine(RuleBasedStateMachine):
    """Random sequences of everything that can happen to a queue."""

    rig: Rig  # set by machine()

    @initialize(
        most_running=st.sampled_from([0, 0, 2]),
        keep_code=st.sampled_from([0.0, 50.0]),
        jobs=st.lists(st.tuples(NAMES, st.sampled_from([1.0, 4.0])), min_size=2, max_size=6),
    )
    def begin(self, most_running: int, keep_code: float, jobs: list[tuple[str, float]]) -> None:
        self.model = Model(most_running, keep_code)
        self.rig.now = self.model.now
        self.queue = self.rig.queue(most_running, keep_code)
        self.leases: list[Lease] = []
        self.sent: list[NewJob] = []
        self.tokens: list[tuple[Claim, str, list[tuple[str, int]]]] = []
        self.deliveries: list[Delivery] = []
        self.numbers = itertools.count()
        for name, cost in jobs:
            self._enqueue([self._new(name, None, Priority.NORMAL, cost, None, "d")])

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.rig.do(work)

    def _new(self, name: str, user: str | None, priority: Priority, cost: float, key: str | None, digest: str) -> NewJob:  # fmt: skip
        number = next(self.numbers)
        return NewJob(
            id=f"job-{number}", owner=name, share=f"{name}/{user}" if user else name,
            language="python", digest=digest, payload=b"payload %d" % number, priority=priority,
            cost=cost, idempotency_key=key, user_id=user,
            webhook=f"https://{name}.example/" if number % 3 else None,
        )  # fmt: skip

    def _enqueue(self, jobs: list[NewJob]) -> None:
        expected = self.model.enqueue(jobs)
        try:
            tickets = self.do(self.queue.enqueue(jobs))
        except FullError as full:
            assert isinstance(expected, str)
            assert expected.startswith("full ") if full.of_user else expected == "full"
        except IdempotencyError:
            assert expected == "reused"
        else:
            assert [(one.id, one.replayed) for one in tickets] == expected
            self.sent += jobs

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """Do one of the things that can happen now. Weighted, because chance alone does little."""
        held = [lease for lease in self.leases if self.model.held(lease)]
        self.old = [
            lease
            for lease in self.leases
            if (job := self.model.jobs.get(lease.id)) and job.attempt > lease.attempt
        ]
        possible = [self.enqueue, self.enqueue, self.enqueue_batch, self.pass_time, self.claim]
        possible += [self.claim, self.claim_beside] * 2 * bool(self.model.of_state("queued"))
        possible += [self.enqueue_again, self.cancel] * bool(self.sent)
        possible += [self.erase] * (len(self.sent) > 8)
        possible += [self.claim_again] * bool(self.tokens and self.tokens[-1][2])
        possible += [self.crash, self.crash, self.give_back] * bool(held)
        possible += [self.extend, self.finish, self.report] * bool(self.leases)
        possible += [self.zombie] * 2 * bool(self.old)
        possible += [self.take_hooks] * 2 * any(h.state == "due" for h in self.model.hooks.values())
        possible += [self.settle_hook] * 2 * bool(self.deliveries)
        possible += [self.purge] * any(job.finished for job in self.model.jobs.values())
        data.draw(st.sampled_from(possible))(data.draw)

    def enqueue(self, draw: Draw) -> None:
        self._enqueue(
            [
                self._new(
                    name=draw(NAMES),
                    user=draw(st.sampled_from([None, None, "u1", "u2"])),
                    priority=draw(st.sampled_from([Priority.NORMAL, *Priority])),
                    cost=draw(st.sampled_from([1.0, 2.0, 10.0])),
                    key=draw(st.sampled_from([None, None, None, "k1", "k2"])),
                    digest=draw(st.sampled_from(["d1", "d1", "d2"])),
                )
            ]
        )

    def enqueue_batch(self, draw: Draw) -> None:
        name, priority = draw(NAMES), draw(st.sampled_from(list(Priority)))
        self._enqueue(
            [
                self._new(name, None, priority, 1.0, None, "d")
                for _ in range(draw(st.integers(2, 5)))
            ]
        )

    def enqueue_again(self, draw: Draw) -> None:
        """The answer was lost: the same jobs are sent once more."""
        job = draw(st.sampled_from(self.sent))
        if job.id in self.model.jobs:  # a purged one would rightly be a new job
            self._enqueue([job])

    def claim(self, draw: Draw) -> None:
        self._claim(draw, self.queue.claim, self.model.claim)

    def claim_beside(self, draw: Draw) -> None:
        self._claim(draw, self.queue.claim_beside, self.model.claim_beside)

    def _claim(self, draw: Draw, claim: Claim, expected: Callable[[int], list[Entry]]) -> None:
        worker, slots = draw(st.sampled_from(["w1", "w2"])), draw(st.integers(1, 4))
        token = f"token-{next(self.numbers)}"
        leases = self.do(claim(worker, slots, token))
        taken = expected(slots)
        assert [(lease.id, lease.attempt, lease.tries, lease.share) for lease in leases] == [
            (job.new.id, job.attempt, job.tries, job.new.share) for job in taken
        ]
        assert [lease.payload for lease in leases] == [job.new.payload for job in taken]
        self.leases += leases
        self.tokens.append((claim, token, [(lease.id, lease.attempt) for lease in leases]))

    def claim_again(self, draw: Draw) -> None:
        """The answer of the last claiming was lost: the same jobs are given."""
        claim, token, given = self.tokens[-1]
        still = [
            (job, attempt)
            for job, attempt in given
            if (found := self.model.jobs.get(job))
            and found.state == "running"
            and found.attempt == attempt
        ]
        if still:
            again = self.do(claim("w1", 4, token))
            assert [(lease.id, lease.attempt) for lease in again] == still

    def _lease(self, draw: Draw) -> Lease:
        """Any lease ever given: that of a worker that came back from the dead, too."""
        held = [lease for lease in self.leases if self.model.held(lease)]
        return draw(st.sampled_from(held if held and draw(st.integers(0, 3)) else self.leases))

    def extend(self, draw: Draw) -> None:
        some = [self._lease(draw) for _ in range(draw(st.integers(1, 4)))]
        newest = {one.id: one for one in sorted(some, key=lambda one: one.attempt)}
        held = self.do(self.queue.extend(list(newest.values())))
        lost, cancelled = set(), set()
        for lease in newest.values():
            job = self.model.held(lease)
            if job is None:
                lost.add(lease.id)
            else:
                job.lease_until = self.model.now + LEASE
                cancelled |= {lease.id} if job.cancel else set()
        assert (held.lost, held.cancelled) == (lost, cancelled)

    def finish(self, draw: Draw) -> None:
        lease, verdict = self._lease(draw), draw(st.sampled_from(["AC", "WA"]))
        body = b"result %d" % next(self.numbers)
        expected = self.model.finish(lease, verdict, body)
        assert self.do(self.queue.finish(lease, verdict, body)) == expected
        if expected and draw(st.booleans()):  # the answer was lost
            assert self.do(self.queue.finish(lease, verdict, body))

    def give_back(self, draw: Draw) -> None:
        lease, counts = self._lease(draw), draw(st.booleans())
        delay = draw(st.sampled_from([0.0, 0.0, 5.0]))
        job = self.model.held(lease)
        if job is not None:
            self.model.fail(job, counts, delay)
        given = self.do(self.queue.give_back(lease, "because", counts=counts, delay=delay))
        assert given == (job is not None)

    def zombie(self, draw: Draw) -> None:
        """A worker comes back after its job was given to another one: it can do no harm."""
        lease = draw(st.sampled_from(self.old))
        match draw(st.sampled_from(["finish", "finish", "extend", "give back", "report"])):
            case "finish":
                expected = self.model.finish(lease, "AC", b"of a zombie")
                assert not expected
                assert not self.do(self.queue.finish(lease, "AC", b"of a zombie"))
            case "extend":
                assert self.do(self.queue.extend([lease])).lost == {lease.id}
            case "report":
                assert not self.do(self.queue.report(lease, [(1, b"{}")]))
            case _:
                assert not self.do(self.queue.give_back(lease, "zombie", counts=True))

    def take_hooks(self, draw: Draw) -> None:
        token, slots = f"token-{next(self.numbers)}", draw(st.integers(1, 3))
        take = webhooks.take, token, slots
        bounds = {"hold": HOLD, "most_of_owner": HOOKS_OF_OWNER}
        taken = self.do(self.rig.database.run(*take, **bounds))
        assert [(one.job, one.tries) for one in taken] == self.model.take(token, slots)
        if taken and draw(st.booleans()):  # the answer was lost
            assert self.do(self.rig.database.run(*take, **bounds)) == taken
        self.deliveries += taken

    def settle_hook(self, draw: Draw) -> None:
        """An attempt ends: perhaps one that somebody else has begun again by now."""
        delivery = draw(st.sampled_from(self.deliveries))
        error, pause = (
            draw(st.sampled_from([None, None, "bad"])),
            draw(st.sampled_from([None, 3.0])),
        )
        expected = self.model.settle(delivery.job, delivery.token, error is not None, pause)
        settle = self.rig.database.run(
            webhooks.settle, delivery, status=None, error=error, pause=pause
        )
        assert self.do(settle) == expected

    def pass_time(self, draw: Draw) -> None:
        self._pass(draw(st.sampled_from([0.5, 3.0, 6.0, 11.0, 60.0, 120.0])))

    def _pass(self, seconds: float) -> None:
        self.model.now += seconds
        self.rig.now = self.model.now

    def crash(self, draw: Draw) -> None:
        """Workers die; some time later somebody looks for what they held."""
        everything = draw(st.booleans())
        self._pass(draw(st.sampled_from([0.0, LEASE + 1, LEASE + 1])))
        assert self.do(self.queue.reap(everything=everything)) == self.model.reap(everything)

    def cancel(self, draw: Draw) -> None:
        job = draw(st.sampled_from(self.sent)).id
        assert self.do(self.queue.cancel(job)) == self.model.cancel(job)

    def purge(self, draw: Draw) -> None:
        assert self.do(self.queue.purge()) == self.model.purge()

    def erase(self, draw: Draw) -> None:
        owner, user = draw(NAMES), draw(st.sampled_from([None, "u1"]))
        assert self.do(self.queue.erase(owner, user)) == self.model.erase(owner, user)

    def report(self, draw: Draw) -> None:
        lease = self._lease(draw)
        held = self.model.held(lease) is not None
        assert self.do(self.queue.report(lease, [(next(self.numbers), b"{}")])) == held

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "model"):
            return
        rows, shares, payloads, results, failures, hooks = self.do(
            self.rig.database.look(everything)
        )
        model = self.model
        jobs = sorted(model.jobs.values(), key=lambda job: job.new.id)
        assert rows == [
            (j.new.id, j.state, j.attempt, j.tries, j.vtime, int(j.cancel), j.verdict, j.finished)
            for j in jobs
        ]
        assert shares == sorted((s, int(p), e) for (s, p), (e, _) in model.shares.items())
        assert payloads == [(j.new.id,) for j in jobs if j.payload]
        assert results == [(j.new.id, j.result) for j in jobs if j.result is not None]
        assert hooks == [
            (job, h.state, h.tries, h.next_at, h.held_until, h.claim)
            for job, h in sorted(model.hooks.items())
        ]
        assert failures == [(j.new.id, attempt) for j in jobs for attempt in j.failures]


def everything() -> Script[tuple[list[Any], ...]]:
    """Read the whole store in one transaction."""
    order = '/*pg COLLATE "C"*/'
    tables = []
    for text in (
        (
            "SELECT id, state, attempt, tries, vtime, cancel, verdict, finished FROM jobs"
            f" ORDER BY id {order}"
        ),
        f"SELECT share, priority, vfinish FROM shares ORDER BY share {order}, priority",
        f"SELECT job_id FROM payloads ORDER BY job_id {order}",
        f"SELECT job_id, body FROM results ORDER BY job_id {order}",
        f"SELECT job_id, attempt FROM failures ORDER BY job_id {order}, attempt",
        (
            "SELECT job_id, state, tries, next_at, held_until, claim FROM webhooks"
            f" ORDER BY job_id {order}"
        ),
    ):
        rows = yield sql(text)
        tables.append([tuple(row[name] for name in row.keys()) for row in rows])  # noqa: SIM118
    return tuple(tables)


def machine(made: Rig) -> type[QueueMachine]:
    """Return the machine for one rig."""
    return type("QueueMachine", (QueueMachine,), {"rig": made})
