"""uvicorn's HTTP protocol, bounded where it trusts its clients.

uvicorn waits for a request's first byte and for the end of its head without limit, and holds a head
of any size. Here a head has a size and a time, connections have a number, and what is refused before
there is a request is told in the same shape as every other error.
"""

from __future__ import annotations

import asyncio
import dataclasses
import http
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from berm.service.gate import SECURITY_HEADERS
from berm.service.identity import new_id
from berm.service.problems import EXECUTION_ID, ApiError, busy, problem

_RETRY_SECONDS: Final = 2.0
_HEADER_OVERHEAD: Final = 4  # ": " and the line's end
_MALFORMED: Final = ApiError(
    http.HTTPStatus.BAD_REQUEST,
    "This is not a valid HTTP request.",
    remedy="Send HTTP/1.1 in plain text to this port; TLS is for a proxy in front of it.",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection and all of them may take.

    Attributes:
        head_bytes: of a request's line and headers together.
        head_seconds: from a connection's start, or a request's first byte, to the end of its head.
        connections: at a time; the next ones are told to come back.
    """

    head_bytes: int
    head_seconds: float
    connections: int


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    bounds: ClassVar[Bounds]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._fed = 0
        self._head = 0
        self._refusal = _MALFORMED
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or say that there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections:
            self._refuse(busy("The service has all the connections that it takes.", _RETRY_SECONDS))
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse a head that is too large even before its end."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._fed += len(data)
            if self._fed > self.bounds.head_bytes:
                self._refuse(self._too_large())

    def send_400_response(self, msg: str) -> None:
        """Answer for what the parser, or one of its callbacks here, did not accept."""
        del msg
        self._refuse(self._refusal)

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        super().on_message_begin()
        self._in_head, self._fed, self._head = True, 0, 0
        self._start_timer()

    def on_url(self, url: bytes) -> None:
        """Count the request's target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value) + _HEADER_OVERHEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head, begin the request."""
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > self.bounds.head_bytes:
            self._refusal = self._too_large()
            raise ValueError  # the parser stops and asks for send_400_response

    def _too_large(self) -> ApiError:
        return ApiError(
            http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The request's line and headers are larger than {self.bounds.head_bytes} bytes.",
            remedy="Send fewer or shorter headers; data belongs into the body.",
        )

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.bounds.head_seconds, self._late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._answering():
            self._start_timer()  # an earlier request of this connection still runs
        elif self._in_head:
            self._refuse(
                ApiError(
                    http.HTTPStatus.REQUEST_TIMEOUT,
                    f"The request's head did not arrive within {self.bounds.head_seconds:g} s.",
                    remedy="Send it faster.",
                )
            )
        else:
            self.transport.close()

    def _answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request, whatever its annotation says
        return cycle is not None and not cycle.response_complete

    def _refuse(self, error: ApiError) -> None:
        """Answer, unless an earlier request is being answered, and end the connection."""
        self._stop_timer()
        self._unset_keepalive_if_required()
        if not self._answering():
            scope = {EXECUTION_ID: new_id()}
            response = problem(scope, error)
            headers = dict(SECURITY_HEADERS) | {
                "x-execution-id": scope[EXECUTION_ID],
                "x-request-id": scope[EXECUTION_ID],
                "connection": "close",
            }
            lines = [
                *self.server_state.default_headers,
                *response.raw_headers,
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ]
            head = b"".join(b"%b: %b\r\n" % line for line in lines)
            body = bytes(response.body)
            self.transport.write(STATUS_LINE[response.status_code] + head + b"\r\n" + body)
        self.transport.close()


def bounded(bounds: Bounds) -> type[BoundedProtocol]:
    """Return the protocol class for these bounds, as uvicorn takes it."""
    return type("BoundedHttpProtocol", (BoundedProtocol,), {"bounds": bounds})
