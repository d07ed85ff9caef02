"""``POST /execute``: judge a submission and wait for the result."""

from __future__ import annotations

from typing import Any, Final

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from berm.errors import EscapeError, IsolationError
from berm.policy.plan import demand
from berm.service import intake
from berm.service.answers import overall, respond
from berm.service.audit_log import note
from berm.service.disconnect import while_connected
from berm.service.gate import ClientGoneError
from berm.service.identity import new_id
from berm.service.openapi import EXECUTE_BODY, errors
from berm.service.principal import principal
from berm.service.problems import ApiError, busy, execution_id
from berm.service.proof import condemn
from berm.service.routes.submissions import ended, job_of, queue_of
from berm.service.schemas import ExecuteRequest, ExecuteResponse
from berm.service.state import ServiceState
from berm.service.submissions import SubmissionRequest

_log: Final = structlog.get_logger("berm.service.execute")

_QUEUE_SECONDS: Final = 120.0
_LATER_SECONDS: Final = 10.0

router = APIRouter(tags=["judging"])


_ABOUT: Final[dict[str, Any]] = {
    "summary": "Judge a program by its tests",
    "description": "Compiles the program once, runs it on each test in a cell of its own, and compares"
    " what it prints with what is expected. Closing the connection cancels the runs.",
    "openapi_extra": {"requestBody": EXECUTE_BODY},
    "response_class": Response,
}
_JUDGED: Final[dict[str, Any]] = {
    "model": ExecuteResponse,
    "description": "The program was judged, whatever the verdicts.",
}
_REFUSALS: Final = (400, 401, 403, 408, 412, 413, 415, 429, 500, 503)


@router.post("/v1/execute", responses={200: _JUDGED, **errors(*_REFUSALS, v1=True)}, **_ABOUT)
@router.post("/execute", responses={200: _JUDGED, **errors(*_REFUSALS)}, **_ABOUT)
async def execute(request: Request) -> Response:
    """Read, check, judge, answer."""
    state = ServiceState.of(request)
    intake.check_content(request.headers)
    submission = intake.parse(await request.body(), state.settings, state.languages)
    if state.settings.role == "api":
        return await _elsewhere(request, state, submission)
    language = state.engine.registry.get(state.offer.canonical(submission.language))
    if state.readiness.broken:
        raise IsolationError(state.readiness.broken)
    enforcement = state.engine.enforcement(language.name)
    try:
        demand(enforcement, submission.min_isolation or ())
    except IsolationError as error:
        remedy = (
            "Ask for less, or send it to a service that holds more; /health tells what one holds."
        )
        raise ApiError(412, error.summary, remedy=remedy) from None
    try:
        with state.engine.turns.share(principal(request).share(submission.user_id)):
            judged = await while_connected(request.receive, state.judge.judge(submission))
    except EscapeError as error:
        # A fork server was started anew, and its canary got out.
        condemn(state.readiness, error)
        raise
    response = respond(
        submission,
        judged,
        language=language.name,
        execution_id=execution_id(request.scope),
        submission_id=new_id() if submission.submission_id is None else submission.submission_id,
        replica=state.replica,
        container_id=state.container_id,
        promised=enforcement,
    )
    worst = overall(response).value
    state.metrics.verdict(language.name, worst)
    note(
        "run",
        user=principal(request).subject,
        language=language.name,
        code=submission.text,
        verdict=worst,
        tests=response.summary.total_tests,
        denials=judged.denials,
    )
    _log.info(
        "judged",
        language=language.name,
        tests=response.summary.total_tests,
        passed=response.summary.passed,
        verdicts=sorted({test.verdict.value for test in judged.tests if test.verdict}),
        milliseconds=response.metadata.execution_time_ms,
    )
    return Response(response.model_dump_json(), media_type="application/json")


async def _elsewhere(request: Request, state: ServiceState, submission: ExecuteRequest) -> Response:
    """Let a worker judge it, and wait; if the client goes, nobody needs it any more."""
    _, queue = queue_of(request)
    asked = SubmissionRequest.model_validate(submission.model_dump())
    job = await job_of(state, principal(request), asked, None)
    await queue.enqueue([job])
    limited = submission.limits or any(test.limits for test in submission.test_cases)
    longest = state.settings.max_wall_time if limited else submission.timeout
    seconds = _QUEUE_SECONDS + longest * len(submission.test_cases)
    try:
        record = await while_connected(request.receive, ended(queue, job.id, seconds))
    except ClientGoneError:
        await queue.cancel(job.id)
        raise
    if record.result is None:
        await queue.cancel(job.id)
        raise busy("No worker had the time to judge it.", _LATER_SECONDS)
    return Response(record.result, media_type="application/json")
