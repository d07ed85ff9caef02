"""Everything about talking to the service that is no I/O: requests, answers, when to try again. Pure.

Both clients drive the same :class:`Attempts`; they differ in who waits.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator, Mapping
from typing import Any, Final

from berm.client.errors import ServiceError
from berm.client.values import Event

try:
    import httpx
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "berm.Client needs httpx, which is not installed: pip install 'berm[client]'",
        name="httpx",
    ) from error

LONG_POLL: Final = 25.0
"""Seconds that one look at a submission waits at most; proxies cut longer silences."""

_AGAIN: Final = frozenset({429, 502, 503, 504})
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 10.0
_MAX_EVENT: Final = 64 * 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One request. ``body`` is sent as JSON; ``patience`` is how long its answer may take."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    patience: float | None = None

    def arguments(self, timeout: float) -> dict[str, Any]:
        """Return what httpx's ``request`` takes."""
        wait = timeout if self.patience is None else self.patience + timeout
        return {
            "method": self.method,
            "url": self.path,
            "params": {name: value for name, value in self.query.items() if value is not None},
            "headers": dict(self.headers),
            "json": self.body,
            "timeout": httpx.Timeout(timeout, read=wait),
        }


class Attempts:
    """The tries of one call: says after each whether there is another, and when.

    Every call of the clients may be sent twice: what hands in a submission carries an idempotency
    key, and the rest changes nothing or the same thing again.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._left = most
        self._patience = patience
        self._pause = _FIRST_PAUSE

    def after_error(self, error: Exception) -> float:
        """Return the pause before the next try; raises :class:`ServiceError` if there is none."""
        failure = ServiceError(
            f"The service cannot be reached: {type(error).__name__}: {error}.",
            remedy="See that the address is right and the service runs.",
        )
        failure.__cause__ = error
        return self._next(failure)

    def after(self, status: int, headers: Mapping[str, str], content: bytes) -> float | None:
        """Return None for an answer that is good, else the pause before the next try.

        Raises:
            ServiceError: the service refused, and would again.
        """
        if status < 400:
            return None
        failure = refusal(status, headers, content)
        if status not in _AGAIN:
            raise failure
        return self._next(failure)

    def _next(self, failure: ServiceError) -> float:
        self._left -= 1
        # Not all at the same moment again, which is what brought the refusal.
        pause = self._pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        if failure.retry_after is not None:
            pause = max(pause, failure.retry_after * random.uniform(1.0, 1.25))  # noqa: S311
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        if self._left <= 0 or pause > self._patience:
            raise failure
        self._patience -= pause
        return pause


def refusal(status: int, headers: Mapping[str, str], content: bytes) -> ServiceError:
    """Return the error for an answer of 400 and above, whatever shape it has."""
    try:
        body = json.loads(content)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    text = body.get("detail") or body.get("error") or f"The service answers {status}."
    try:
        retry_after: float | None = max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        retry_after = None
    return ServiceError(
        str(text),
        status=status,
        kind=str(body.get("type", "")).rpartition(":")[2] or str(status),
        request_id=headers.get("x-request-id", ""),
        retry_after=retry_after,
    )


class EventReader:
    """Makes events of the lines of a stream (the WHATWG's server-sent events, as far as it is used)."""

    def __init__(self) -> None:
        self._name = ""
        self._data: list[str] = []
        self._size = 0
        self._seen: set[tuple[str, str]] = set()

    def line(self, line: str) -> Iterator[Event]:
        """Take one line; yield the event that it completes, unless an earlier stream told it."""
        if line:
            field, _, value = line.partition(":")
            self._size += len(line)
            if self._size > _MAX_EVENT:
                raise ServiceError(f"The service sent an event of more than {_MAX_EVENT} bytes.")
            if field == "event":
                self._name = value.removeprefix(" ")
            elif field == "data":
                self._data.append(value.removeprefix(" "))
            return
        name, text = self._name, "\n".join(self._data)
        self._name, self._data, self._size = "", [], 0
        if not name or (name, text) in self._seen:
            return
        self._seen.add((name, text))
        yield Event(name, json.loads(text))


def headers_of(key: str | None) -> dict[str, str]:
    """Return the headers of every request."""
    headers = {"user-agent": "berm-client", "accept": "application/json"}
    return headers | ({"authorization": f"Bearer {key}"} if key else {})


LOST: Final = (httpx.TransportError,)
"""What httpx raises where there was no answer, or not all of it."""
