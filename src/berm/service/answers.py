"""From a judged request to the answer that clients get, whoever waits for it."""

from __future__ import annotations

from berm.judge import Verdict
from berm.model import Analysis, Enforcement
from berm.service.identity import now
from berm.service.judging import Judged, percent
from berm.service.schemas import (
    AnalysisInfo,
    ExecuteRequest,
    ExecuteResponse,
    Metadata,
    Summary,
)
from berm.service.security import describe


def respond(
    submission: ExecuteRequest,
    judged: Judged,
    *,
    language: str,
    execution_id: str,
    submission_id: str | int,
    replica: str,
    container_id: str | None,
    promised: Enforcement,
) -> ExecuteResponse:
    """Put the answer together.

    Args:
        submission: what was asked for.
        judged: what it came to.
        language: its canonical name.
        execution_id, submission_id: what this is called.
        replica, container_id: where it ran.
        promised: what holds where nothing ran that could tell.
    """
    total = len(judged.tests)
    passed = sum(test.passed for test in judged.tests)
    memory = max((usage.memory for usage in judged.usage), default=0)
    return ExecuteResponse(
        execution_id=execution_id,
        submission_id=submission_id,
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
        judgement=judged.judgement,
        test_results=judged.tests,
        metadata=Metadata(
            replica=replica,
            container_id=container_id,
            timeout=submission.timeout,
            execution_time_ms=round(judged.seconds * 1000, 3),
            cpu_usage_percent=percent(
                sum(usage.cpu_time for usage in judged.usage),
                sum(usage.wall_time for usage in judged.usage),
            ),
            memory_usage_bytes=memory,
            memory_usage_mb=round(memory / (1024 * 1024), 2),
            security=describe(judged.enforcement or [promised]),
        ),
        analysis=info_of(judged.analysis),
    )


def info_of(analysis: Analysis | None) -> AnalysisInfo | None:
    """Return what a client is told of an analysis, None where there was none."""
    return None if analysis is None else AnalysisInfo.model_validate(analysis.as_dict())


def overall(response: ExecuteResponse) -> Verdict:
    """Return the verdict of the whole."""
    return response.judgement.verdict
