"""``GET /v1/submissions/{id}/events``: what happens to a submission, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from berm.service.openapi import errors
from berm.service.principal import Principal, principal
from berm.service.queue import JobQueue
from berm.service.readiness import Phase, Readiness
from berm.service.routes.submissions import JobId, queue_of, visible
from berm.service.store.jobs import JobState
from berm.service.store.records import Record
from berm.service.store.wakeups import woken
from berm.service.submissions import details

router = APIRouter(prefix="/v1", tags=["submissions"])

_QUIET_SECONDS: Final = 15.0
_LONGEST: Final = 3600.0


@router.get(
    "/submissions/{submission}/events",
    summary="Follow a submission",
    description="Server-sent events: `queued` (position, estimate), `started` (attempt), `compiled`, `test` for each"
    " test, `done` (the submission with its result). A stream that is opened again begins again. If a worker"
    " died, `queued` and `started` come again, and tests with them.",
    responses={
        200: {
            "description": "The events, until `done`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **errors(401, 403, 404, 429, 500, 503, v1=True),
    },
    response_class=Response,
)
async def follow(
    request: Request, who: Annotated[Principal, Depends(principal)], submission: JobId
) -> Response:
    """Stream."""
    state, queue = queue_of(request)
    await visible(queue, who, submission)
    return StreamingResponse(
        _Stream(queue, submission, state.readiness).events(),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


class _Stream:
    """What one client has been told of one submission."""

    def __init__(self, queue: JobQueue, submission: str, readiness: Readiness) -> None:
        self._queue = queue
        self._submission = submission
        self._readiness = readiness
        self._queued: dict[str, Any] | None = None
        self._attempt = 0
        self._told: set[int] = set()

    async def events(self) -> AsyncIterator[bytes]:
        """Yield events until the submission's end, or the service's."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + _LONGEST
        spoken = loop.time()
        with self._queue.database.wakeups.listen("job", self._submission) as event:
            record = await self._queue.record(self._submission)
            while loop.time() < ends and self._readiness.phase is not Phase.DRAINING:
                if record is None:
                    yield _event("deleted", {"id": self._submission})
                    return
                for text in await self._news(record):
                    spoken = loop.time()
                    yield text
                if record.job.final:
                    return
                if loop.time() - spoken > _QUIET_SECONDS:
                    spoken = loop.time()
                    yield b": still here\n\n"
                told = await woken(event, self._queue.settings.poll)
                if told or not await self._queue.waits(self._submission):
                    record = await self._queue.record(self._submission)
        yield b": come again\n\n"

    async def _news(self, record: Record) -> list[bytes]:
        job = record.job
        news: list[bytes] = []
        if job.state is JobState.QUEUED:
            place = await self._queue.place(job.id)
            if place is not None:
                seconds = None if place.seconds is None else round(place.seconds, 1)
                told = {"position": place.position, "estimate_seconds": seconds}
                if told != self._queued:
                    self._queued = told
                    news.append(_event("queued", {"id": job.id, **told}))
            return news
        if job.attempt > self._attempt:
            self._attempt, self._told = job.attempt, set()
            news.append(_event("started", {"attempt": job.attempt}))
        for number, body in record.events:
            if number not in self._told:
                self._told.add(number)
                told = json.loads(body)
                news.append(_event(told.pop("event"), told))
        if job.final:
            news += self._rest(record)
            news.append(b"event: done\ndata: " + details(record, None) + b"\n\n")
        return news

    def _rest(self, record: Record) -> list[bytes]:
        """Return the tests that were over before anybody could be told of them one by one."""
        if record.result is None:
            return []
        news = []
        tests = json.loads(record.result)["test_results"]
        if 0 not in self._told:
            compiled = not any(test["verdict"] == "CE" for test in tests)
            news.append(_event("compiled", {"ok": compiled}))
        for done, test in enumerate(tests, start=1):
            number = test["test_case_number"]
            if number not in self._told:
                told = {"test_case_number": number, "verdict": test["verdict"]}
                news.append(_event("test", {**told, "done": done, "total": len(tests)}))
        return news


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
