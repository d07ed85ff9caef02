"""``GET /metrics``: what is counted, for Prometheus and ``berm top``."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from berm.errors import StoreError
from berm.service.metrics import CONTENT_TYPE
from berm.service.openapi import errors
from berm.service.state import ServiceState

router = APIRouter(tags=["health"])

_STORE_SECONDS: Final = 3.0


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
    """Answer with every metric of this replica, and the queue's."""
    state = ServiceState.of(request)
    if state.queue is not None:
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                state.metrics.queue(await state.queue.figures())
        except (StoreError, TimeoutError):
            state.metrics.queue(None)
    return Response(state.metrics.text(), media_type=CONTENT_TYPE)
