"""``GET /metrics``: what is counted, for Prometheus and ``berm top``."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from berm.service.metrics import CONTENT_TYPE
from berm.service.openapi import errors
from berm.service.state import ServiceState

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="What the service counts, in Prometheus' text format",
    responses={
        200: {"description": "The metrics.", "content": {"text/plain": {}}},
        **errors(401, 403, 429, 500, 503),
    },
    response_class=Response,
)
async def metrics(request: Request) -> Response:
    """Answer with every metric of this replica."""
    return Response(ServiceState.of(request).metrics.text(), media_type=CONTENT_TYPE)
