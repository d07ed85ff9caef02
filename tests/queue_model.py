"""A model of the queue in plain Python: what it should do, said a second time."""

from __future__ import annotations

import dataclasses
import itertools

from berm.service.store.jobs import Lease, NewJob, Priority

LEASE = 10.0
ATTEMPTS = 3
MOST = 12
MOST_OF_SHARE = 5
KEEP = 100.0
HOLD = 8.0
HOOKS_OF_OWNER = 2


@dataclasses.dataclass
class Entry:
    """A job of the model."""

    seq: int
    new: NewJob
    vtime: float
    state: str = "queued"
    not_before: float = 0.0
    attempt: int = 0
    tries: int = 0
    lease_until: float = 0.0
    cancel: bool = False
    verdict: str | None = None
    result: bytes | None = None
    payload: bool = True
    finished: float | None = None
    failures: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Hook:
    """A webhook of the model."""

    owner: str
    state: str = "waiting"
    tries: int = 0
    next_at: float = 0.0
    held_until: float = 0.0
    claim: str | None = None


class Model:
    """What the queue should do, said a second time, as simply as possible."""

    def __init__(self, most_running: int, keep_code: float) -> None:
        self.now = 1000.0
        self.jobs: dict[str, Entry] = {}
        self.shares: dict[tuple[str, Priority], list[float]] = {}
        self.seqs = itertools.count(1)
        self.hooks: dict[str, Hook] = {}
        self.most_running = most_running
        self.keep_code = keep_code

    def of_state(self, state: str) -> list[Entry]:
        return [job for job in self.jobs.values() if job.state == state]

    def ready(self) -> list[Entry]:
        return sorted(self.of_state("queued"), key=lambda j: (j.new.priority, j.vtime, j.seq))

    def enqueue(self, jobs: list[NewJob]) -> list[tuple[str, bool]] | str:
        answers: list[tuple[str, bool]] = []
        fresh = []
        for new in jobs:
            if new.id in self.jobs:
                answers.append((new.id, False))
                continue
            same = [
                j for j in self.jobs.values()
                if new.idempotency_key is not None
                and (j.new.owner, j.new.idempotency_key) == (new.owner, new.idempotency_key)
            ]  # fmt: skip
            if same and same[0].new.digest != new.digest:
                return "reused"
            if same:
                answers.append((same[0].new.id, True))
            else:
                answers.append((new.id, False))
                fresh.append(new)
        if fresh and len(self.of_state("queued")) + len(fresh) > MOST:
            return "full"
        for share in {new.share for new in fresh}:
            waiting = sum(job.new.share == share for job in self.of_state("queued"))
            if waiting + sum(new.share == share for new in fresh) > MOST_OF_SHARE:
                return f"full {share}"
        for new in sorted(fresh, key=lambda new: new.share):
            own = self.shares.setdefault((new.share, new.priority), [0.0, 0.0])
            own[1] = self.now
            line = [
                j.vtime for j in self.of_state("queued")
                if j.new.priority == new.priority and not j.attempt
            ]  # fmt: skip
            ends = [
                end for (_, priority), (end, _) in self.shares.items() if priority == new.priority
            ]
            start = max(min(line) if line else max(ends), own[0])
            own[0] = start + new.cost
            self.jobs[new.id] = Entry(next(self.seqs), new, start)
            if new.webhook is not None:
                self.hooks[new.id] = Hook(new.owner)
        return answers

    def claim(self, slots: int) -> list[Entry]:
        taken = []
        for job in self.ready():
            beside = sum(j.new.share == job.new.share for j in self.of_state("running"))
            if job.not_before > self.now or (self.most_running and beside >= self.most_running):
                continue
            if len(taken) == slots:
                break
            self.take_up(job)
            taken.append(job)
        return taken

    def claim_beside(self, slots: int) -> list[Entry]:
        ready = [job for job in self.ready() if job.not_before <= self.now]
        busy = {job.new.share for job in self.of_state("running")}
        taken = [
            job for job in ready
            if (job.new.priority, job.vtime) == (ready[0].new.priority, ready[0].vtime)
            and job.new.share not in busy
        ][:slots]  # fmt: skip
        for job in taken:
            self.take_up(job)
        return taken

    def take_up(self, job: Entry) -> None:
        job.state, job.lease_until = "running", self.now + LEASE
        job.attempt += 1
        job.tries += 1

    def held(self, lease: Lease) -> Entry | None:
        job = self.jobs.get(lease.id)
        return job if job and job.state == "running" and job.attempt == lease.attempt else None

    def end(
        self, job: Entry, state: str, verdict: str | None = None, result: bytes | None = None
    ) -> None:
        job.state, job.verdict, job.result, job.finished = state, verdict, result, self.now
        job.payload = job.payload and self.keep_code > 0
        if hook := self.hooks.get(job.new.id):
            hook.state, hook.next_at = "due", self.now

    def finish(self, lease: Lease, verdict: str, body: bytes) -> bool:
        job = self.held(lease)
        if job is None:
            past = self.jobs.get(lease.id)
            same = past is not None and past.attempt == lease.attempt
            return bool(same and (past.state == "cancelled" or past.result is not None))
        if job.cancel:
            self.end(job, "cancelled")
        else:
            self.end(job, "done", verdict, body)
        return True

    def fail(self, job: Entry, counts: bool, delay: float) -> None:
        if counts:
            job.failures.append(job.attempt)
        if job.cancel:
            self.end(job, "cancelled")
        elif counts and job.tries >= ATTEMPTS:
            self.end(job, "done", "IE")
        else:
            job.state, job.not_before = "queued", self.now + delay
            job.tries -= not counts

    def reap(self, everything: bool) -> int:
        late = [j for j in self.of_state("running") if everything or j.lease_until < self.now]
        for job in late:
            self.fail(job, counts=True, delay=0.0)
        return len(late)

    def cancel(self, job_id: str) -> str | None:
        job = self.jobs.get(job_id)
        if job is None:
            return None
        was = job.state
        if was == "queued":
            job.cancel = True
            self.end(job, "cancelled")
        elif was == "running":
            job.cancel = True
        return was

    def purge(self) -> int:
        old = [
            i
            for i, j in self.jobs.items()
            if j.finished is not None and j.finished < self.now - KEEP
        ]
        for one in old:
            del self.jobs[one]
            self.hooks.pop(one, None)
        for job in self.jobs.values():
            if job.finished is not None and job.finished < self.now - self.keep_code:
                job.payload = False
        for key, (_, touched) in list(self.shares.items()):
            is_open = any(j.new.share == key[0] and j.finished is None for j in self.jobs.values())
            if touched < self.now - KEEP and not is_open:
                del self.shares[key]
        return len(old)

    def erase(self, owner: str, user_id: str | None) -> int:
        gone = [
            i for i, j in self.jobs.items()
            if j.new.owner == owner and user_id in (None, j.new.user_id)
        ]  # fmt: skip
        shares = {self.jobs[one].new.share for one in gone}
        for one in gone:
            del self.jobs[one]
            self.hooks.pop(one, None)
        for key in list(self.shares):
            if key[0] in shares and not any(j.new.share == key[0] for j in self.jobs.values()):
                del self.shares[key]
        return len(gone)

    def take(self, token: str, slots: int) -> list[tuple[str, int]]:
        for _ in range(slots):
            ready = sorted(
                (hook.next_at, job) for job, hook in self.hooks.items()
                if hook.state == "due" and hook.next_at <= self.now
                and sum(
                    one.owner == hook.owner and one.held_until > self.now
                    for one in self.hooks.values() if one.state == "due"
                ) < HOOKS_OF_OWNER
            )  # fmt: skip
            if not ready:
                break
            hook = self.hooks[ready[0][1]]
            hook.tries, hook.claim = hook.tries + 1, token
            hook.next_at = hook.held_until = self.now + HOLD
        return sorted((job, hook.tries) for job, hook in self.hooks.items() if hook.claim == token)

    def settle(self, job: str, token: str, error: bool, pause: float | None) -> bool:
        hook = self.hooks.get(job)
        if hook is None or hook.claim != token:
            return False
        hook.claim, hook.held_until = None, 0.0
        hook.state = "delivered" if not error else "failed" if pause is None else "due"
        hook.next_at = self.now + (pause or 0.0)
        return True
