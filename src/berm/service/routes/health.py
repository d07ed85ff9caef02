"""``/health`` for people, ``/healthz`` and ``/readyz`` for probes."""

from __future__ import annotations

import asyncio
import http
import os
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import berm
from berm.errors import StoreError
from berm.service.openapi import errors
from berm.service.schemas import HealthResponse, ProbeResponse
from berm.service.state import ServiceState
from berm.service.store.sqlite import SQLiteDatabase

router = APIRouter(tags=["health"])

_STORE_SECONDS: Final = 3.0


@router.get(
    "/health",
    summary="What this replica is and what it promises",
    responses={
        200: {"model": HealthResponse, "description": "It serves."},
        503: {"model": HealthResponse, "description": "It does not, or not any more."},
        **errors(500),
    },
    response_class=Response,
)
async def health(request: Request) -> Response:
    """Describe the replica, its languages, and the guarantees that hold for all of them."""
    state = ServiceState.of(request)
    body = HealthResponse(
        status=state.readiness.status,
        service="berm",
        replica=state.replica,
        version=berm.__version__,
        languages=state.offer.infos(),
        security=state.offer.security(),
    )
    status = http.HTTPStatus.OK if state.readiness.ready else http.HTTPStatus.SERVICE_UNAVAILABLE
    return Response(body.model_dump_json(), status, media_type="application/json")


@router.get(
    "/healthz",
    summary="Is the process alive?",
    responses={200: {"model": ProbeResponse, "description": "It is."}},
    response_class=Response,
)
async def healthz() -> Response:
    """Answer as long as the event loop turns."""
    return _probe(http.HTTPStatus.OK, "alive")


@router.get(
    "/readyz",
    summary="Should requests be sent here?",
    responses={
        200: {"model": ProbeResponse, "description": "Isolation was proved; send them."},
        503: {"model": ProbeResponse, "description": "Not yet, or no longer; `status` says why."},
    },
    response_class=Response,
)
async def readyz(request: Request) -> Response:
    """Answer 200 while isolation holds, the store answers, and the disk has room."""
    state = ServiceState.of(request)
    status: str = "ready" if state.readiness.ready else state.readiness.status
    if state.readiness.ready:
        status = await _troubles(state) or status
    ready = status == "ready"
    return _probe(http.HTTPStatus.OK if ready else http.HTTPStatus.SERVICE_UNAVAILABLE, status)


async def _troubles(state: ServiceState) -> str:
    """Return what keeps this replica from serving though its isolation holds; an empty text for nothing."""
    folders = [state.engine.config.run_dir]
    if state.database is not None:
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                await state.database.ping()
        except (StoreError, TimeoutError):
            return "the store does not answer"
        if isinstance(state.database, SQLiteDatabase):
            folders.append(str(state.database.path.parent))
    for folder in folders:
        try:
            found = os.statvfs(folder)
        except OSError:
            return "a disk cannot be looked at"
        if found.f_bavail * found.f_frsize < state.settings.least_disk:
            return "a disk is full"
    return ""


def _probe(status: http.HTTPStatus, text: str) -> Response:
    return Response(
        ProbeResponse(status=text).model_dump_json(), status, media_type="application/json"
    )
