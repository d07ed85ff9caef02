"""What ``/openapi.json`` says beyond what FastAPI finds out by itself.

The body of ``/execute`` is parsed by :mod:`berm.service.intake`, not by the framework, so that its bounds
and texts are ours; its schema is put into the document here.
"""

from __future__ import annotations

import http
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from berm.service.access.table import TABLE
from berm.service.schemas import ErrorResponse, ExecuteRequest, ProblemDetails, json_schema
from berm.service.submissions import BatchRequest, SubmissionRequest, WebhookMessage

DESCRIPTION: Final = """\
Runs programs that nobody trusts in single-use cells that the kernel isolates, and judges them by
their tests. Every error has the same shape: what is wrong and what to do, the request's id, the time.
"""

EXECUTE_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/ExecuteRequest"},
            "examples": {
                "python": {
                    "summary": "Python, one test",
                    "value": {
                        "language": "python",
                        "code": "a, b = map(int, input().split())\nprint(a + b)\n",
                        "test_cases": [{"id": "sum-1", "input": "2 3\n", "expected_output": "5\n"}],
                        "timeout": 2,
                    },
                },
                "cpp": {
                    "summary": "C++, two tests",
                    "value": {
                        "language": "cpp",
                        "code": "#include <iostream>\n"
                        "int main() { long a, b; std::cin >> a >> b; std::cout << a + b; }\n",
                        "test_cases": [
                            {"input": "2 3", "expected_output": "5"},
                            {"input": "-1 1", "expected_output": "0"},
                        ],
                    },
                },
            },
        }
    },
}

EXECUTE_EXAMPLE: Final[dict[str, Any]] = {
    "execution_id": "0b2f7f0e-6a58-4f5e-9d5f-2d6b5c7f5f0a",
    "submission_id": "4a4f3a52-0f39-4d0c-8f63-6f0c1c0f6a11",
    "timestamp": "2026-11-23T08:15:00.123Z",
    "user_id": None,
    "question_id": None,
    "language": "python",
    "summary": {
        "total_tests": 1,
        "passed": 1,
        "failed": 0,
        "all_passed": True,
        "pass_percentage": 100.0,
    },
    "judgement": {
        "verdict": "AC",
        "reason": "",
        "score": 1.0,
        "points": 1.0,
        "groups": [{"name": "", "verdict": "AC", "score": 1.0, "points": 1.0}],
        "reruns": 0,
        "compile": None,
    },
    "test_results": [
        {
            "test_case_id": "sum-1",
            "test_case_number": 1,
            "input": "2 3\n",
            "expected_output": "5\n",
            "actual_output": "5\n",
            "error": None,
            "status": "passed",
            "verdict": "AC",
            "passed": True,
            "execution_time_ms": 6.1,
            "cpu_time_ms": 4.8,
            "cpu_usage_percent": 78.69,
            "memory_usage_bytes": 2129920,
            "hidden": False,
            "group": "",
            "points": 1.0,
            "evidence": {
                "reason": "",
                "exit_code": None,
                "signal": None,
                "limit": None,
                "measured": None,
                "unit": "",
                "idle": False,
                "difference": None,
                "message": "",
                "judge_message": "",
                "reruns": 0,
            },
            "files": [],
            "transcript": [],
        }
    ],
    "metadata": {
        "replica": "judge-7d9f",
        "container_id": None,
        "timeout": 2.0,
        "execution_time_ms": 8.4,
        "cpu_usage_percent": 78.69,
        "memory_usage_bytes": 2129920,
        "memory_usage_mb": 2.03,
        "security": {
            "enabled": True,
            "level": "strict",
            "guarantees": {"filesystem": ["pivot-root", "landlock-fs"]},
            "layers": ["user-namespace", "pivot-root", "landlock-fs", "seccomp"],
        },
    },
    "analysis": None,
}

WEBHOOK: Final[dict[str, Any]] = {
    "summary": "A submission has ended",
    "description": "Sent to the submission's `webhook_url`, signed as standard-webhooks.com describes with the"
    " secret of `GET /v1/webhooks/secret`. Repeated with growing pauses until it is answered with 2xx; the"
    " same `webhook-id` is the same message. Redirects are not followed.",
    "parameters": [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/WebhookMessage"}}
        },
    },
    "responses": {"2XX": {"description": "It was received; it is not sent again."}},
}

PROBLEM_JSON: Final = "application/problem+json"

_ERRORS: Final = {
    400: "The request is wrong; the text says what to fix.",
    401: "No key or token, or one that is not accepted.",
    403: "The key or token may not do this.",
    404: "There is no such thing, or it is somebody else's.",
    405: "The path does not know the method.",
    408: "The body did not arrive in time.",
    412: "The service does not hold what `min_isolation` asks for.",
    413: "The body is too large.",
    415: "The body is not sent as JSON.",
    409: "It is in another state than this needs, or the key of the request is taken.",
    410: "It is no longer there.",
    422: "The request is wrong; the text says what to fix.",
    429: "A limit is reached; `Retry-After` says when to come back.",
    431: "The request's headers are too large.",
    500: "The service failed; that is not the program's fault.",
    503: "Too much work at the moment, or isolation is not given; `Retry-After` says when to come"
    " back.",
}


def errors(*statuses: int, v1: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of error responses, for a route's ``responses``.

    ``v1`` for a route below ``/v1``, whose errors are problem details.
    """
    documented: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        if v1:
            content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
            documented[status] = {"description": _ERRORS[status], "content": content}
        else:
            documented[status] = {"model": ErrorResponse, "description": _ERRORS[status]}
        if status in {http.HTTPStatus.SERVICE_UNAVAILABLE, http.HTTPStatus.TOO_MANY_REQUESTS}:
            documented[status]["headers"] = {
                "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}
            }
    return documented


def body_of(model: str) -> dict[str, Any]:
    """Return a route's ``requestBody``: JSON of a model that :func:`document` adds."""
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of ``app``, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            license_info=app.license_info,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for model in (ExecuteRequest, SubmissionRequest, BatchRequest, WebhookMessage):
            schema = json_schema(model)
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        schemas["ProblemDetails"] = json_schema(ProblemDetails)
        # Here, because FastAPI would leave the fields out that are null.
        for path in {"/execute", "/v1/execute"} & set(made["paths"]):
            answer = made["paths"][path]["post"]["responses"]["200"]
            answer["content"]["application/json"]["example"] = EXECUTE_EXAMPLE
        made["webhooks"] = {"submission": {"post": WEBHOOK}}
        _own_errors(made)
        _secure(made)
        app.openapi_schema = made
    return app.openapi_schema


def _own_errors(made: dict[str, Any]) -> None:
    """Put the errors that this service answers in the place of the framework's own."""
    for operations in made["paths"].values():
        for operation in operations.values():
            answers = operation.get("responses", {})
            if "HTTPValidationError" in str(answers.get("422", "")):
                answers |= {str(status): told for status, told in errors(422, v1=True).items()}
    for name in ("HTTPValidationError", "ValidationError"):
        made["components"]["schemas"].pop(name, None)


def _secure(made: dict[str, Any]) -> None:
    """Say which operations need a key or a token, as the table of access has it."""
    made["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key (`berm keys create`) or a token of the configured issuer."
            " Not needed where the service asks nobody, as on a loopback address.",
        }
    }
    for entry in TABLE:
        operation = made["paths"].get(entry.path, {}).get(entry.method.lower())
        if operation is not None and entry.scope is not None:
            operation["security"] = [{"bearer": []}, {}]
            operation["x-scope"] = entry.scope.value
