"""Every error that leaves the service: one shape, on every route, whoever raised it.

Under ``/v1`` that is RFC 9457's: ``{"type", "title", "status", "detail", "instance"}`` as
``application/problem+json``, where ``type`` is one of :data:`KINDS`, for programs, and ``detail`` says what
is wrong and what to do, for people. Everywhere else it is ``{"error": what is wrong and what to do,
"execution_id": the request's own id, "timestamp": when}``.
"""

from __future__ import annotations

import http
import math
from collections.abc import Mapping
from typing import Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from berm.errors import (
    BermError,
    BusyError,
    InputError,
    IsolationError,
    LanguageError,
    LimitError,
    StoreError,
)
from berm.service.access.table import Routes
from berm.service.identity import now
from berm.service.schemas import ErrorResponse, ProblemDetails
from berm.service.testfiles import TestFileError

EXECUTION_ID: Final = "berm.execution_id"
"""The key of an ASGI scope under which the request's id stands."""

ENTRY: Final = "berm.entry"
"""The key of an ASGI scope under which the request's row in the table of access stands."""

HEADERS: Final = "berm.headers"
"""The key of an ASGI scope under which headers stand that every answer to the request gets."""

V1: Final = "/v1"
KINDS: Final[Mapping[int, str]] = {
    400: "invalid-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    408: "request-timeout",
    409: "conflict",
    410: "gone",
    412: "isolation-not-held",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid-request",
    429: "limit-reached",
    431: "headers-too-large",
    500: "internal-error",
    503: "unavailable",
}
"""What a status means here, in one word that does not change: ``urn:berm:problem:`` and this."""

CALLERS_FAULT: Final = (InputError, LanguageError, LimitError, TestFileError)
_STORE_SECONDS: Final = 2.0
_ROUTES: Final = Routes()
_ROUTES_HINT: Final = "The routes of this service are listed at /docs."


class ApiError(BermError):
    """A request that cannot be served, with the status and headers of its answer.

    ``remedy`` says what to change about the request; ``kind`` is a word for programs, by default
    that of :data:`KINDS`.
    """

    def __init__(
        self,
        status: int,
        summary: str,
        *,
        remedy: str = "",
        headers: Mapping[str, str] | None = None,
        kind: str = "",
    ) -> None:
        super().__init__(summary, remedy=remedy)
        self.status = status
        self.kind = kind or KINDS.get(status, "error")
        self.headers = dict(headers or {})


def busy(summary: str, retry_after: float) -> ApiError:
    """Return a 503 that says when to come back; ``retry_after`` in seconds, rounded up."""
    seconds = max(1, math.ceil(retry_after))
    return ApiError(
        http.HTTPStatus.SERVICE_UNAVAILABLE,
        summary,
        remedy=f"Send the same request again in {seconds} s.",
        headers={"retry-after": str(seconds)},
    )


def as_api_error(error: Exception) -> ApiError:
    """Find the status of any error. What is not meant for the client becomes a plain 500."""
    match error:
        case ApiError():
            return error
        case BusyError():
            return busy(error.summary, error.retry_after)
        case StoreError():
            return busy("The service's store does not answer at the moment.", _STORE_SECONDS)
        case HTTPException():
            return _from_framework(error)
        case RequestValidationError():
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])[:200]
            return ApiError(
                http.HTTPStatus.UNPROCESSABLE_ENTITY,
                f"{where}: {str(first['msg'])[:300]}.",
                remedy="The page at /docs describes every field.",
            )
        case IsolationError():
            return ApiError(
                http.HTTPStatus.SERVICE_UNAVAILABLE,
                "The service cannot isolate programs as it must at the moment, so it runs none.",
                remedy="The operator finds the reason in the service's log and with `berm doctor`.",
            )
        case BermError() if isinstance(error, CALLERS_FAULT):
            remedy = " ".join(part for part in (error.meaning, error.remedy) if part)
            return ApiError(http.HTTPStatus.BAD_REQUEST, error.summary, remedy=remedy)
        case _:
            return ApiError(
                http.HTTPStatus.INTERNAL_SERVER_ERROR,
                "The service failed at this request; that is not the program's fault.",
                remedy="Send it again; if it fails again, give the operator this execution_id.",
            )


def problem(scope: Scope, error: ApiError) -> Response:
    """Build the answer for an error of the request that ``scope`` describes."""
    if is_v1(str(scope.get("path", ""))):
        details = ProblemDetails(
            type=f"urn:berm:problem:{error.kind}",
            title=http.HTTPStatus(error.status).phrase,
            status=error.status,
            detail=str(error),
            instance=f"urn:uuid:{execution_id(scope)}",
        )
        return Response(
            details.model_dump_json(),
            error.status,
            error.headers,
            media_type="application/problem+json",
        )
    body = ErrorResponse(
        error=str(error), execution_id=execution_id(scope), timestamp=now()
    ).model_dump_json()
    return Response(body, error.status, error.headers, media_type="application/json")


def is_v1(path: str) -> bool:
    """Tell whether a path is below ``/v1``, where errors are problem details."""
    return path == V1 or path.startswith(f"{V1}/")


def execution_id(scope: Scope) -> str:
    """Return the id that the outermost layer gave to this request."""
    return str(scope.get(EXECUTION_ID, ""))


async def handle(request: Request, error: Exception) -> Response:
    """Answer for an error that the framework itself raises (FastAPI exception handler)."""
    answer = as_api_error(error)
    if answer.status == http.HTTPStatus.METHOD_NOT_ALLOWED:
        # The router names those of the first route alone that has this path.
        allowed = ", ".join(_ROUTES.methods(request.url.path))
        answer = ApiError(
            answer.status,
            "This path does not know that method.",
            remedy=f"Allowed here: {allowed}.",
            headers={"allow": allowed},
        )
    return problem(request.scope, answer)


def _from_framework(error: HTTPException) -> ApiError:
    match error.status_code:
        case http.HTTPStatus.NOT_FOUND:
            return ApiError(404, "There is nothing at this path.", remedy=_ROUTES_HINT)
        case status:
            return ApiError(status, f"{error.detail}.", headers=error.headers)
