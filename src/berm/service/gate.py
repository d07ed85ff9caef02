"""What every request passes before a route sees it. Pure ASGI: nothing here buffers a response.

Outermost to innermost: :class:`Desk` names the request, answers for every error, sets the security
headers and writes the log line; :class:`Intake` bounds how many requests there are, how
many bytes each body and all bodies together have, and how long a body may take to arrive.
"""

from __future__ import annotations

import asyncio
import http
import time
from collections.abc import Callable
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from berm.errors import BermError
from berm.service.identity import new_id
from berm.service.metrics import Metrics
from berm.service.principal import PRINCIPAL, Principal
from berm.service.problems import (
    ENTRY,
    EXECUTION_ID,
    HEADERS,
    ApiError,
    as_api_error,
    busy,
    problem,
)
from berm.service.readiness import Readiness
from berm.service.settings import ServiceSettings
from berm.service.tracing import Span, SpanKind, StatusCode, span, told_of

_log: Final = structlog.get_logger("berm.service.access")

SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cache-control": "no-store",
}
"""Set on every response that does not set the same header itself."""

_QUIET: Final = frozenset({"/health", "/healthz", "/readyz", "/metrics"})
_BUSY_SECONDS: Final = 2.0


class ClientGoneError(Exception):
    """The client closed its connection; nobody reads an answer."""


class Desk:
    """The outermost layer: an id, the headers, a log line, and an answer whatever happens."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics | None = None) -> None:
        self._app = app
        self._metrics = metrics or Metrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request or WebSocket; everything else passes."""
        if scope["type"] == "websocket":
            await self._converse(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        scope[EXECUTION_ID] = new_id()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                for name, value in scope.get(HEADERS, {}).items():
                    headers[name] = value
                headers["x-execution-id"] = headers["x-request-id"] = scope[EXECUTION_ID]
            await send(message)

        with (
            span(scope["method"], SpanKind.SERVER, parent=told_of(scope)) as traced,
            structlog.contextvars.bound_contextvars(execution_id=scope[EXECUTION_ID]),
        ):
            try:
                await self._app(scope, receive, send_with_headers)
            except (ClientGoneError, ClientDisconnect):
                status = status or 499
            except asyncio.CancelledError:
                # Only the server's end cancels a request, and it waits for this task.
                if status == 0:
                    answer = busy("The service is stopping.", _BUSY_SECONDS)
                    await problem(scope, answer)(scope, receive, send_with_headers)
            except Exception as error:  # noqa: BLE001 - nobody is left to catch it
                answer = as_api_error(error)
                if answer.status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
                    _log.exception("request failed", path=scope["path"][:200])
                if status == 0:
                    await problem(scope, answer)(scope, receive, send_with_headers)
            finally:
                seconds = time.perf_counter() - started
                self._count(scope, scope["method"], status, seconds, traced)
                _log.log(
                    10 if scope["path"] in _QUIET else 20,
                    "request",
                    method=scope["method"],
                    path=scope["path"][:200],
                    status=status,
                    milliseconds=round(seconds * 1000, 2),
                    **_asker(scope),
                )

    def _count(self, scope: Scope, method: str, status: int, seconds: float, traced: Span) -> None:
        # Only names from our own table: whatever else clients send would be a label each.
        entry = scope.get(ENTRY)
        route = entry.path if entry is not None else "other"
        method = method if entry is not None else "other"
        self._metrics.request(method, route, status, seconds)
        traced.update_name(f"{method} {route}")
        traced.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "berm.request": scope[EXECUTION_ID],
            }
        )
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            traced.set_status(StatusCode.ERROR)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket; an error before it is accepted is answered as HTTP."""
        started = time.perf_counter()
        scope[EXECUTION_ID] = new_id()
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] in {"websocket.accept", "websocket.http.response.start"}:
                begun = True
                headers = MutableHeaders(raw=list(message.get("headers", ())))
                for name, value in (SECURITY_HEADERS | scope.get(HEADERS, {})).items():
                    headers[name] = value
                headers["x-execution-id"] = headers["x-request-id"] = scope[EXECUTION_ID]
                message["headers"] = headers.raw
            await send(message)

        with (
            span("WS", SpanKind.SERVER, parent=told_of(scope)) as traced,
            structlog.contextvars.bound_contextvars(execution_id=scope[EXECUTION_ID]),
        ):
            status = 101
            try:
                await self._app(scope, receive, send_with_headers)
            except (ClientGoneError, WebSocketDisconnect):
                pass
            except Exception as error:  # noqa: BLE001 - nobody is left to catch it
                answer = as_api_error(error)
                status = answer.status
                if status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
                    _log.exception("conversation failed", path=scope["path"][:200])
                if begun:
                    await send({"type": "websocket.close", "code": 1011})
                else:
                    # Starlette answers a WebSocket in HTTP where the server knows the extension.
                    await problem(scope, answer)(scope, receive, send_with_headers)
            finally:
                seconds = time.perf_counter() - started
                self._count(scope, "WS", status, seconds, traced)
                _log.info(
                    "conversation",
                    path=scope["path"][:200],
                    status=status,
                    milliseconds=round(seconds * 1000, 2),
                    **_asker(scope),
                )


def _asker(scope: Scope) -> dict[str, str]:
    """Return who asked, once the door knows, and by which key: an old one shows that it is still in use."""
    found = scope.get(PRINCIPAL)
    if not isinstance(found, Principal):
        return {}
    return {"user": found.subject, "key": found.key} if found.key else {"user": found.subject}


class Intake:
    """Bounds on what is taken in, enforced while it arrives.

    A body that says it is too large is refused before a byte of it is kept; one that does not say
    (chunked) is cut off at the cap. What still arrives then is thrown away until it ends or its
    time is up, because a client that is still sending would see a reset instead of the answer.
    """

    def __init__(self, app: ASGIApp, *, settings: ServiceSettings, readiness: Readiness) -> None:
        self._app = app
        self._settings = settings
        self._readiness = readiness
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request within the bounds; everything else passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body = _Body(receive, self._settings, self._take)
        try:
            if scope["path"] not in _QUIET and (
                self._readiness.running >= self._settings.max_requests
            ):
                raise busy("The service has all the requests that it takes.", _BUSY_SECONDS)
            body.announce(headers.get("content-length"))
            with self._readiness.request():
                await self._app(scope, body.receive, send)
        except BermError as error:
            answer = as_api_error(error)
            waits = headers.get("expect", "").lower() == "100-continue" and not body.begun
            if waits or not await body.discard():
                answer.headers["connection"] = "close"
            raise answer from error
        finally:
            self._held -= body.held

    def _take(self, size: int) -> None:
        if self._held + size > self._settings.max_bodies:
            raise busy("The service is receiving too many large bodies.", _BUSY_SECONDS)
        self._held += size


class _Body:
    """One request's body: counted, and with a deadline, until its last byte."""

    def __init__(
        self, receive: Receive, settings: ServiceSettings, take: Callable[[int], None]
    ) -> None:
        self._receive = receive
        self._settings = settings
        self._take = take
        self._deadline = asyncio.get_running_loop().time() + settings.body_timeout
        self._complete = False
        self._size = 0
        self.begun = False
        self.held = 0

    def announce(self, content_length: str | None) -> None:
        """Refuse a body by what its header says of it. The server checked that it is a number."""
        if content_length is not None and int(content_length) > self._settings.max_body:
            raise self._too_large()

    async def receive(self) -> Message:
        """Pass the next message on, if the body stays within its bounds with it (ASGI receive)."""
        if self._complete:
            return await self._receive()
        try:
            message = await self._next()
        except TimeoutError:
            raise ApiError(
                http.HTTPStatus.REQUEST_TIMEOUT,
                f"The body did not arrive within {self._settings.body_timeout:g} s.",
                remedy="Send it faster, or send less.",
            ) from None
        size = len(message.get("body", b""))
        self._size += size
        if self._size > self._settings.max_body:
            raise self._too_large()
        self._take(size)
        self.held += size
        return message

    async def discard(self) -> bool:
        """Throw away what is left of the body; True if it ended within its time."""
        try:
            while not self._complete:
                await self._next()
        except TimeoutError:
            return False
        return True

    async def _next(self) -> Message:
        self.begun = True
        async with asyncio.timeout_at(self._deadline):
            message = await self._receive()
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    def _too_large(self) -> ApiError:
        return ApiError(
            http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body is larger than {self._settings.max_body} bytes.",
            remedy="Send fewer or smaller test cases, or name large ones by input_file and"
            " expected_output_file.",
        )
