"""``/v1/submissions``: hand in, look, list, cancel. What was accepted is on the disk."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import http
import re
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from berm.errors import IsolationError
from berm.service import intake
from berm.service.audit_log import note
from berm.service.disconnect import while_connected
from berm.service.identity import new_id
from berm.service.openapi import body_of, errors
from berm.service.principal import Principal, Scope, principal
from berm.service.problems import ApiError, busy
from berm.service.queue import FullError, IdempotencyError, JobQueue
from berm.service.state import ServiceState
from berm.service.store.jobs import Job, JobState, NewJob, Ticket
from berm.service.store.records import Filter, Record
from berm.service.store.wakeups import woken
from berm.service.submissions import (
    MAX_WAIT,
    Accepted,
    AcceptedBatch,
    Erased,
    SubmissionDetails,
    SubmissionList,
    SubmissionRequest,
    SubmissionView,
    details,
    from_cursor,
    new_job,
    to_cursor,
    view,
)
from berm.service.webhooks.target import check

router = APIRouter(prefix="/v1", tags=["submissions"])

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_BATCH: Final = 100

Who = Annotated[Principal, Depends(principal)]
JobId = Annotated[str, Path(max_length=64, description="The submission's id.")]


@router.post(
    "/submissions",
    status_code=202,
    summary="Hand in a program to be judged",
    description="Answers when the submission is on the disk: from then on it is judged, whatever happens to"
    " this service. With an `Idempotency-Key`, sending the same again gives the same submission.",
    openapi_extra={"requestBody": body_of("SubmissionRequest")},
    responses={
        202: {"model": Accepted, "description": "It is kept and will be judged."},
        **errors(400, 401, 403, 408, 409, 412, 413, 415, 429, 500, 503, v1=True),
    },
    response_class=Response,
)
async def submit(request: Request, who: Who) -> Response:
    """Keep one."""
    state, queue = queue_of(request)
    intake.check_content(request.headers)
    parsed = intake.parse_submission(await request.body(), state.settings, state.languages)
    job = await job_of(state, who, parsed, None)
    (ticket,) = await enqueue(queue, request, [job])
    accepted = _accepted(ticket.id, ticket.replayed)
    return _json(accepted.model_dump_json(), 202, {"location": accepted.url})


@router.post(
    "/submissions/batch",
    status_code=202,
    summary="Hand in several programs: all are accepted, or none",
    openapi_extra={"requestBody": body_of("BatchRequest")},
    responses={
        202: {"model": AcceptedBatch, "description": "They are kept and will be judged."},
        **errors(400, 401, 403, 408, 409, 412, 413, 415, 429, 500, 503, v1=True),
    },
    response_class=Response,
)
async def submit_batch(request: Request, who: Who) -> Response:
    """Keep several."""
    state, queue = queue_of(request)
    intake.check_content(request.headers)
    batch = new_id()
    parsed = intake.parse_batch(await request.body(), state.settings, state.languages, _BATCH)
    jobs = [await job_of(state, who, one, batch) for one in parsed]
    tickets = await enqueue(queue, request, jobs)
    if tickets[0].replayed and (first := await queue.get(tickets[0].id)) is not None:
        batch = first.batch or batch
    accepted = [_accepted(ticket.id, ticket.replayed) for ticket in tickets]
    return _json(AcceptedBatch(batch_id=batch, submissions=accepted).model_dump_json(), 202)


@router.get(
    "/submissions/{submission}",
    summary="Look at a submission",
    description="With `wait`, answers when it is done, or as it is when the time is up.",
    responses={
        200: {"model": SubmissionDetails, "description": "As it stands."},
        **errors(400, 401, 403, 404, 429, 500, 503, v1=True),
    },
    response_class=Response,
)
async def look(
    request: Request,
    who: Who,
    submission: JobId,
    wait: Annotated[
        float, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for its end.")
    ] = 0.0,
) -> Response:
    """Show one, now or when it is done."""
    _, queue = queue_of(request)
    await visible(queue, who, submission)
    record = await while_connected(request.receive, ended(queue, submission, wait))
    place = await queue.place(submission) if record.job.state is JobState.QUEUED else None
    return _json(details(record, place))


@router.get(
    "/submissions",
    summary="List submissions, the newest first",
    responses={
        200: {"model": SubmissionList, "description": "One's own; with `read-all`, everybody's."},
        **errors(400, 401, 403, 429, 500, 503, v1=True),
    },
    response_class=Response,
)
async def list_submissions(
    request: Request,
    who: Who,
    state: Annotated[Literal["queued", "running", "done", "cancelled"] | None, Query()] = None,
    language: Annotated[str | None, Query(max_length=64)] = None,
    verdict: Annotated[str | None, Query(max_length=8)] = None,
    user_id: Annotated[str | None, Query(max_length=200)] = None,
    question_id: Annotated[str | None, Query(max_length=200)] = None,
    batch_id: Annotated[str | None, Query(max_length=64)] = None,
    owner: Annotated[str | None, Query(max_length=200, description="Only with `read-all`.")] = None,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Show a page of them."""
    _, queue = queue_of(request)
    if not who.may(Scope.READ_ALL):
        owner = who.subject
    try:
        before = None if cursor is None else from_cursor(cursor)
    except ValueError:
        raise ApiError(
            400, "cursor is not one of this service.", remedy="Give a `next_cursor`, unchanged."
        ) from None
    texts = (language, verdict, user_id, question_id, batch_id, owner)
    if any("\0" in text for text in texts if text is not None):
        raise ApiError(400, "A filter has a zero byte.", remedy="Leave it out.")
    jobs = await queue.page(
        Filter(owner, state, language, verdict, user_id, question_id, batch_id, before), limit + 1
    )
    more = len(jobs) > limit
    shown = [SubmissionView.model_validate(view(job)) for job in jobs[:limit]]
    following = to_cursor(jobs[limit - 1].seq) if more else None
    return _json(SubmissionList(submissions=shown, next_cursor=following).model_dump_json())


@router.delete(
    "/submissions/{submission}",
    summary="Cancel a submission",
    description="One that waits is cancelled at once; one that runs is ended, which its state shows a moment"
    " later; of one that has ended nothing changes.",
    responses={
        200: {"model": SubmissionView, "description": "It has ended."},
        202: {"model": SubmissionView, "description": "It is being ended."},
        **errors(401, 403, 404, 429, 500, 503, v1=True),
    },
    response_class=Response,
)
async def cancel(request: Request, who: Who, submission: JobId) -> Response:
    """Cancel one."""
    _, queue = queue_of(request)
    job = await visible(queue, who, submission)
    if job.owner != who.subject and not who.may(Scope.CANCEL_ALL):
        raise ApiError(
            http.HTTPStatus.FORBIDDEN, "This submission is somebody else's.", remedy="Ask them."
        )
    await queue.cancel(submission)
    after = await visible(queue, who, submission)
    body = SubmissionView.model_validate(view(after)).model_dump_json()
    return _json(body, 200 if after.final else 202)


@router.delete(
    "/owners/{owner}/submissions",
    summary="Delete everything of an owner",
    description="Its submissions with their code, inputs and results, those that wait and those that run as well;"
    " with `user_id`, only those that it sent for that user.",
    responses={
        200: {"model": Erased, "description": "It is gone."},
        **errors(401, 403, 429, 500, 503, v1=True),
    },
    response_class=Response,
)
async def erase(
    request: Request,
    who: Who,
    owner: Annotated[str, Path(max_length=200)],
    user_id: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Delete them."""
    _, queue = queue_of(request)
    if not who.may(Scope.ERASE):
        raise ApiError(
            http.HTTPStatus.FORBIDDEN, "You may not delete submissions.", remedy="Ask the operator."
        )
    if "\0" in owner or "\0" in (user_id or ""):
        raise ApiError(400, "A name has a zero byte.", remedy="Leave it out.")
    erased = await queue.erase(owner, user_id)
    note("erased", user=who.subject, owner=owner, user_id=user_id, submissions=erased)
    return _json(Erased(submissions=erased).model_dump_json())


async def visible(queue: JobQueue, who: Principal, submission: str) -> Job:
    """Return the job if ``who`` may see it; what they may not see does not exist for them."""
    job = None if "\0" in submission else await queue.get(submission)
    if job is None or not who.sees(job.owner):
        raise ApiError(
            http.HTTPStatus.NOT_FOUND,
            "There is no such submission.",
            remedy="It may have been deleted after its time; see `keep_results`.",
        )
    return job


async def ended(queue: JobQueue, submission: str, wait: float) -> Record:
    """Return the record once the job has ended, or when the time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    with queue.database.wakeups.listen("job", submission) as event:
        while True:
            record = await queue.record(submission)
            if record is None:
                raise ApiError(http.HTTPStatus.NOT_FOUND, "This submission was deleted.")
            left = deadline - loop.time()
            if record.job.final or left <= 0:
                return record
            # Nobody was told anything: of one that waits still, the queue's order says it for all at once.
            while not await woken(event, min(left, queue.settings.poll)):
                left = deadline - loop.time()
                if left <= 0 or not await queue.waits(submission):
                    break


def queue_of(request: Request) -> tuple[ServiceState, JobQueue]:
    """Return the service's parts and its queue; raises a 503 where it has none."""
    state = ServiceState.of(request)
    if state.queue is None:
        raise ApiError(
            http.HTTPStatus.SERVICE_UNAVAILABLE,
            "This service has no store, so it keeps no submissions.",
            remedy="The operator sets [store] url. POST /v1/execute needs none.",
        )
    return state, state.queue


async def job_of(
    state: ServiceState, who: Principal, request: SubmissionRequest, batch: str | None
) -> NewJob:
    """Return the job that a request makes; raises what says that it cannot be judged here."""
    language = state.offer.canonical(request.language)
    if request.priority == "high" and not who.may(Scope.PRIORITY):
        raise ApiError(
            http.HTTPStatus.FORBIDDEN,
            "You may not put submissions before those of others.",
            remedy="Leave `priority` out.",
        )
    try:
        state.offer.demand(language, request.min_isolation or ())
    except IsolationError as error:
        raise ApiError(412, error.summary, remedy="Ask for less.") from None
    if request.webhook_url is not None:
        hooks = state.webhooks_or_refusal()
        check(request.webhook_url, hooks.networks(), plain=hooks.plain)
    # An API's workers have the folder of test files, not it.
    await state.judge.check(request, files=state.settings.role != "api")
    return new_job(request, language, who, job_id=new_id(), batch=batch)


async def enqueue(queue: JobQueue, request: Request, jobs: list[NewJob]) -> list[Ticket]:
    """Keep the jobs, under the request's idempotency key if it has one.

    Raises:
        ApiError: the key is wrong or taken, or there is no room.
    """
    key = request.headers.get("idempotency-key")
    if key is not None:
        if not _KEY.fullmatch(key):
            raise ApiError(
                400, "Idempotency-Key is wrong.", remedy="Give 1 to 200 visible ASCII characters."
            )
        # The same batch again is the same; one that shares a beginning with it is another one.
        digest = hashlib.sha256("".join(job.digest for job in jobs).encode()).hexdigest()
        jobs = [
            dataclasses.replace(
                job, digest=digest, idempotency_key=f"{key} {n}" if job.batch else key
            )
            for n, job in enumerate(jobs)
        ]
    try:
        return await queue.enqueue(jobs)
    except IdempotencyError as error:
        raise ApiError(http.HTTPStatus.CONFLICT, error.summary, remedy=error.remedy) from None
    except FullError as error:
        if not error.of_user:
            raise busy(error.summary, error.retry_after) from None
        full = busy(error.summary, error.retry_after)
        raise ApiError(
            http.HTTPStatus.TOO_MANY_REQUESTS,
            full.summary,
            remedy=full.remedy,
            headers=full.headers,
            kind="queue-full",
        ) from None


def _accepted(submission: str, replayed: bool) -> Accepted:
    url = f"/v1/submissions/{submission}"
    return Accepted(id=submission, url=url, events_url=f"{url}/events", replayed=replayed)


def _json(body: str | bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")
