"""Judge what comes out of the queue: from a lease's payload to the result that is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from berm.engine import Engine
from berm.judge.judgement import Progress, Stage
from berm.policy.plan import demand
from berm.service.answers import overall, respond
from berm.service.audit_log import note
from berm.service.judging import Judge
from berm.service.limits.spending import spending
from berm.service.metrics import Metrics
from berm.service.queue import JobQueue
from berm.service.state import ServiceState
from berm.service.store.jobs import Lease
from berm.service.submissions import QueuedSubmission
from berm.service.tracing import SpanKind, span
from berm.service.worker import Answer, Tell, Worker


class QueuedJudging:
    """Judges leases with one judge. See :class:`berm.service.worker.Judging`.

    ``charge`` takes an owner and the seconds of CPU time that its programs used.
    """

    def __init__(
        self,
        engine: Engine,
        judge: Judge,
        metrics: Metrics,
        charge: Callable[[str, float], Awaitable[None]],
        *,
        replica: str,
        container_id: str | None,
    ) -> None:
        self._engine = engine
        self._judge = judge
        self._metrics = metrics
        self._charge = charge
        self._replica = replica
        self._container_id = container_id

    async def __call__(self, lease: Lease, tell: Tell) -> Answer:
        """Return the answer that ``POST /execute`` would have given, and its verdict.

        What CPU time that takes its owner has used, however it ends.
        """
        with spending() as spent:
            try:
                return await self._answer(lease, tell)
            finally:
                await asyncio.shield(self._charge(lease.owner, spent.seconds))

    async def _answer(self, lease: Lease, tell: Tell) -> Answer:
        request = QueuedSubmission.model_validate_json(lease.payload)
        with span("judge", SpanKind.CONSUMER, parent=request.traceparent) as traced:
            traced.set_attributes({"berm.submission": lease.id, "berm.attempt": lease.attempt})
            answer = await self._judged(request, lease, tell)
            traced.set_attribute("berm.verdict", answer.verdict)
            return answer

    async def _judged(self, request: QueuedSubmission, lease: Lease, tell: Tell) -> Answer:
        language = self._engine.registry.get(request.language).name
        promised = self._engine.enforcement(language)
        demand(promised, request.min_isolation or ())
        with self._engine.turns.share(lease.share):
            judged = await self._judge.judge(request, lambda progress: _tell(tell, progress))
        response = respond(
            request,
            judged,
            language=language,
            execution_id=lease.id,
            submission_id=lease.id if request.submission_id is None else request.submission_id,
            replica=self._replica,
            container_id=self._container_id,
            promised=promised,
        )
        verdict = overall(response).value
        self._metrics.verdict(language, verdict)
        note(
            "run",
            user=lease.owner,
            language=language,
            code=request.text,
            verdict=verdict,
            tests=response.summary.total_tests,
            denials=judged.denials,
        )
        return Answer(verdict, response.model_dump_json().encode())


def _tell(tell: Tell, progress: Progress) -> None:
    """Report compiling and each test, without what the program printed: the result has that."""
    if progress.stage is Stage.COMPILED:
        compiled = progress.compile is None or progress.compile.outcome.ok
        tell(0, json.dumps({"event": "compiled", "ok": compiled}).encode())
    elif progress.stage is Stage.TESTED and progress.test is not None:
        test = progress.test
        tell(
            test.index + 1,
            json.dumps(
                {
                    "event": "test",
                    "test_case_number": test.index + 1,
                    "verdict": None if test.verdict is None else test.verdict.value,
                    "done": progress.done,
                    "total": progress.total,
                }
            ).encode(),
        )


def worker_of(
    state: ServiceState,
    queue: JobQueue,
    about: Callable[[], bytes],
    charge: Callable[[str, float], Awaitable[None]],
) -> Worker:
    """Return the worker of a service; ``about`` says what it offers, as JSON.

    ``charge`` hears of each owner's CPU time, in seconds.
    """
    judging = QueuedJudging(
        state.engine,
        state.judge,
        state.metrics,
        charge,
        replica=state.replica,
        container_id=state.container_id,
    )
    return Worker(
        queue,
        judging,
        name=state.replica,
        slots=queue.settings.slots or state.engine.config.concurrency,
        spare=queue.settings.spare,
        readiness=state.readiness,
        about=about,
    )
