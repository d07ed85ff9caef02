"""``POST /execute``: judge a submission and wait for the result."""

from __future__ import annotations

from typing import Any, Final

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from berm.errors import IsolationError
from berm.judge import Verdict
from berm.policy.plan import demand
from berm.service import intake
from berm.service.audit_log import note
from berm.service.disconnect import while_connected
from berm.service.identity import new_id, now
from berm.service.judging import Judged, percent
from berm.service.openapi import EXECUTE_BODY, errors
from berm.service.principal import principal
from berm.service.problems import ApiError, execution_id
from berm.service.proof import condemn
from berm.service.schemas import (
    ExecuteRequest,
    ExecuteResponse,
    Metadata,
    Summary,
)
from berm.service.security import describe
from berm.service.state import ServiceState

_log: Final = structlog.get_logger("berm.service.execute")

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
    language = state.engine.registry.get(submission.language)
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
        judged = await while_connected(request.receive, state.judge.judge(submission))
    except IsolationError as error:
        # A fork server was started anew, and its canary got out.
        condemn(state.readiness, error)
        raise
    response = _response(request, state, submission, language.name, judged)
    verdicts = [test.verdict for test in judged.tests]
    worst = next((one for one in verdicts if one is not Verdict.AC), Verdict.AC)
    state.metrics.verdict(language.name, worst.value)
    note(
        "run",
        user=principal(request).subject,
        language=language.name,
        code=submission.code,
        verdict=worst.value,
        tests=len(verdicts),
        denials=judged.denials,
    )
    _log.info(
        "judged",
        language=language.name,
        tests=response.summary.total_tests,
        passed=response.summary.passed,
        verdicts=sorted({one.value for one in verdicts}),
        milliseconds=response.metadata.execution_time_ms,
    )
    return Response(response.model_dump_json(), media_type="application/json")


def _response(
    request: Request,
    state: ServiceState,
    submission: ExecuteRequest,
    language: str,
    judged: Judged,
) -> ExecuteResponse:
    total = len(judged.tests)
    passed = sum(test.passed for test in judged.tests)
    memory = max((usage.memory for usage in judged.usage), default=0)
    return ExecuteResponse(
        execution_id=execution_id(request.scope),
        submission_id=new_id() if submission.submission_id is None else submission.submission_id,
        timestamp=now(),
        user_id=submission.user_id,
        question_id=submission.question_id,
        language=language,
        summary=Summary(
            total_tests=total,
            passed=passed,
            failed=total - passed,
            all_passed=passed == total,
            pass_percentage=percent(passed, total),
        ),
        test_results=judged.tests,
        metadata=Metadata(
            replica=state.replica,
            container_id=state.container_id,
            timeout=submission.timeout,
            execution_time_ms=round(judged.seconds * 1000, 3),
            cpu_usage_percent=percent(
                sum(usage.cpu_time for usage in judged.usage),
                sum(usage.wall_time for usage in judged.usage),
            ),
            memory_usage_bytes=memory,
            memory_usage_mb=round(memory / (1024 * 1024), 2),
            security=describe(judged.enforcement or [state.engine.enforcement(language)]),
        ),
    )
