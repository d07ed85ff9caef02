"""Submissions on the wire, and on their way through the queue."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from berm.service.principal import Principal
from berm.service.queue import Place
from berm.service.schemas import ExecuteRequest, ExecuteResponse
from berm.service.store.jobs import Job, NewJob, Priority
from berm.service.store.records import Record
from berm.service.store.webhooks import Hook
from berm.service.tracing import traceparent
from berm.service.webhooks.target import MAX_URL, parse

MAX_WAIT: Final = 60.0
PRIORITIES: Final[Mapping[str, Priority]] = {
    "high": Priority.HIGH,
    "normal": Priority.NORMAL,
    "low": Priority.LOW,
}


class SubmissionRequest(ExecuteRequest):
    """A program and its tests, to be judged when its turn comes."""

    priority: Literal["high", "normal", "low"] = Field(
        "normal",
        description="Before or after the submissions of all others. `high` needs the scope"
        " `priority`.",
    )
    webhook_url: str | None = Field(
        None,
        max_length=MAX_URL,
        description="An https URL that is sent a `WebhookMessage` once the submission has ended, at least once.",
        examples=["https://lms.example/berm"],
    )


class QueuedSubmission(SubmissionRequest):
    """A submission as workers get it."""

    traceparent: str | None = Field(None, max_length=100)


class BatchRequest(BaseModel):
    """Several submissions, of which all are accepted or none."""

    model_config = ConfigDict(strict=True, frozen=True)

    submissions: list[SubmissionRequest] = Field(min_length=1)


class Accepted(BaseModel):
    """A submission that is kept and will be judged."""

    id: str
    state: Literal["queued"] = "queued"
    url: str = Field(description="Where its state and result are.")
    events_url: str = Field(description="Where its events are.")
    replayed: bool = Field(description="True if an earlier request with this key had made it.")


class AcceptedBatch(BaseModel):
    """Several submissions that are kept and will be judged."""

    batch_id: str
    submissions: list[Accepted]


class QueuePlace(BaseModel):
    """Where a submission is in the queue."""

    position: int = Field(description="1 is next.")
    estimate_seconds: float | None = Field(
        description="Until it starts, by the last submissions; null where nobody can tell."
    )


class FailedAttempt(BaseModel):
    """An attempt that gave no result, through no fault of the program that is known."""

    attempt: int
    worker: str
    began_at: str
    ended_at: str
    reason: str


class SubmissionView(BaseModel):
    """A submission as it stands."""

    id: str
    state: Literal["queued", "running", "done", "cancelled"]
    language: str
    priority: Literal["high", "normal", "low"]
    created_at: str
    started_at: str | None
    finished_at: str | None
    user_id: str | None
    question_id: str | None
    batch_id: str | None
    attempt: int = Field(description="Which attempt this is; 0 before the first.")
    cancelling: bool = Field(description="Somebody cancelled it; it still runs.")
    verdict: str | None = Field(
        description="AC, or that of the first test that did not pass; IE if it was given up."
    )


class WebhookView(BaseModel):
    """Whether a submission's end was told to who wanted to know."""

    receiver: str = Field(description="The URL without its path, which may be secret.")
    state: Literal["waiting", "due", "delivered", "failed"] = Field(
        description="waiting: the submission has not ended; due: the next attempt is at"
        " `next_attempt_at` or under way; failed: given up."
    )
    attempts: int
    next_attempt_at: str | None
    last_status: int | None = Field(description="Of HTTP; null where nothing was answered.")
    last_error: str | None
    ended_at: str | None


class WebhookMessage(BaseModel):
    """What a webhook sends. The result is where it always is: at the submission's URL, with a key."""

    type: Literal["submission.done", "submission.cancelled"]
    timestamp: str = Field(description="When the submission ended.")
    data: SubmissionView


class WebhookSecret(BaseModel):
    """What one's webhooks are signed with."""

    secret: str = Field(description="`whsec_` and base64 of the key of HMAC-SHA-256.")


class SubmissionDetails(SubmissionView):
    """A submission with everything that is known of it."""

    queue: QueuePlace | None = Field(description="Only while it waits.")
    result: ExecuteResponse | None = Field(
        description="Once it is done; null for one that was given up."
    )
    failures: list[FailedAttempt] = Field(description="Attempts that gave no result.")
    webhook: WebhookView | None = Field(description="null where nobody wanted to be told.")


class SubmissionList(BaseModel):
    """Some submissions, the newest first."""

    submissions: list[SubmissionView]
    next_cursor: str | None = Field(description="Give it as `cursor` to get older ones.")


class Erased(BaseModel):
    """How much was deleted."""

    submissions: int


def new_job(
    request: SubmissionRequest, language: str, who: Principal, *, job_id: str, batch: str | None
) -> NewJob:
    """Return the job that a request makes.

    Args:
        request: checked.
        language: its canonical name.
        who: owns it.
        job_id: its new id.
        batch: of what it is a part.
    """
    # What the worker needs; whom to tell afterwards is not its business.
    payload = request.model_dump_json(exclude_defaults=True, exclude={"webhook_url"}).encode()
    asked = payload + b"\0" + (request.webhook_url or "").encode()
    if (parent := traceparent()) is not None:
        payload = b'{"traceparent": ' + json.dumps(parent).encode() + b", " + payload[1:]
    user = None if request.user_id is None else str(request.user_id)
    return NewJob(
        id=job_id,
        owner=who.subject,
        share=who.share(user),
        language=language,
        digest=hashlib.sha256(asked).hexdigest(),
        payload=payload,
        priority=PRIORITIES[request.priority],
        cost=1.0 + len(request.test_cases),
        user_id=user,
        question_id=None if request.question_id is None else str(request.question_id),
        batch=batch,
        webhook=request.webhook_url,
    )


def view(job: Job) -> dict[str, Any]:
    """Return the fields of a :class:`SubmissionView`."""
    return {
        "id": job.id,
        "state": job.state.value,
        "language": job.language,
        "priority": job.priority.name.lower(),
        "created_at": moment(job.created),
        "started_at": moment(job.started),
        "finished_at": moment(job.finished),
        "user_id": job.user_id,
        "question_id": job.question_id,
        "batch_id": job.batch,
        "attempt": job.attempt,
        "cancelling": job.cancel and not job.final,
        "verdict": job.verdict,
    }


def details(record: Record, place: Place | None) -> bytes:
    """Return a :class:`SubmissionDetails` as JSON. The result goes in as it was stored, unread."""
    fields = view(record.job)
    fields["queue"] = (
        None
        if place is None
        else {
            "position": place.position,
            "estimate_seconds": None if place.seconds is None else round(place.seconds, 1),
        }
    )
    fields["failures"] = [
        {
            "attempt": one.attempt,
            "worker": one.worker,
            "began_at": moment(one.began),
            "ended_at": moment(one.ended),
            "reason": one.reason,
        }
        for one in record.failures
    ]
    fields["webhook"] = None if record.hook is None else _webhook(record.hook)
    head = json.dumps(fields)
    return head[:-1].encode() + b', "result": ' + (record.result or b"null") + b"}"


def _webhook(hook: Hook) -> dict[str, Any]:
    return {
        "receiver": parse(hook.url, plain=True).origin,
        "state": hook.state.value,
        "attempts": hook.tries,
        "next_attempt_at": moment(hook.next_at),
        "last_status": hook.status,
        "last_error": hook.error,
        "ended_at": moment(hook.ended),
    }


def moment(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC with milliseconds."""
    if seconds is None:
        return None
    text = dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def to_cursor(seq: int) -> str:
    """Write a place in the list so that nobody takes it for a number to count with."""
    return base64.urlsafe_b64encode(seq.to_bytes(8, "big")).decode().rstrip("=")


def from_cursor(cursor: str) -> int:
    """Read it; raises ValueError for anything else."""
    if len(cursor) != 11:
        raise ValueError("not a cursor")
    return int.from_bytes(base64.b64decode(cursor + "=", b"-_", validate=True), "big") & (2**63 - 1)
