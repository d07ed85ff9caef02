"""The client for ordinary code: it blocks."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from berm.client.errors import ServiceError
from berm.client.exchange import LONG_POLL, LOST, Attempts, Call, EventReader, headers_of, refusal
from berm.client.values import Event, Execution, Submission, Test, patience, program


class Client:
    """Talks to one service. Close it, or use it as a context manager. Safe to share between threads.

    Args:
        url: of the service, such as ``http://127.0.0.1:8000``.
        key: an API key or a token; None for a service that asks nobody.
        timeout: seconds that an answer may take, on top of what a program may run.
        attempts: how often a request is sent that finds the service busy or away.
        patience: seconds that all pauses between attempts may take together.

    Every method raises :class:`berm.ServiceError` for what the service refuses.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 30.0,
        attempts: int = 5,
        patience: float = 120.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=url, headers=headers_of(key), transport=transport, follow_redirects=False
        )
        self._timeout = timeout
        self._attempts = attempts
        self._patience = patience

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def execute(
        self,
        language: str,
        code: str | None,
        tests: Iterable[Test],
        *,
        timeout: float | None = None,
        **more: Any,
    ) -> Execution:
        """Judge a program and wait for the result.

        ``more`` are further fields of the request: ``files``, ``checker``, ``limits``, ``groups``, or
        ``archive`` in the place of ``code``; the service's ``/docs`` has them all.
        """
        body = program(language, code, tests, timeout, more)
        return Execution.of(self._call(Call("POST", "/v1/execute", body, patience=patience(body))))

    def submit(
        self,
        language: str,
        code: str | None,
        tests: Iterable[Test],
        *,
        timeout: float | None = None,
        idempotency_key: str | None = None,
        **more: Any,
    ) -> str:
        """Hand in a program; return its id. Once this returns, the submission is not lost any more."""
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        body = program(language, code, tests, timeout, more)
        return str(self._call(Call("POST", "/v1/submissions", body, headers=headers))["id"])

    def submission(self, submission: str, *, wait: float = 0.0) -> Submission:
        """Look at a submission, after waiting at most ``wait`` seconds for its end."""
        deadline = time.monotonic() + wait
        while True:
            left = max(0.0, deadline - time.monotonic())
            turn = min(left, LONG_POLL)
            call = Call("GET", f"/v1/submissions/{submission}", query={"wait": turn}, patience=turn)
            found = Submission.of(self._call(call))
            if found.over or left <= turn:
                return found

    def cancel(self, submission: str) -> Submission:
        """Cancel a submission; return it as it stands."""
        return Submission.of(self._call(Call("DELETE", f"/v1/submissions/{submission}")))

    def submissions(self, **filters: Any) -> Iterator[Submission]:
        """Yield one's submissions, the newest first, page by page; ``filters`` as the route has them."""
        cursor = None
        while True:
            page = self._call(Call("GET", "/v1/submissions", query=filters | {"cursor": cursor}))
            yield from (Submission.of(row) for row in page["submissions"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def events(self, submission: str) -> Iterator[Event]:
        """Yield what happens to a submission, until it is done; goes on where a stream broke."""
        reader, path = EventReader(), f"/v1/submissions/{submission}/events"
        attempts = Attempts(self._attempts, self._patience)
        headers = {"accept": "text/event-stream"}
        while True:
            try:
                with self._http.stream("GET", path, headers=headers, timeout=60.0) as answer:
                    if answer.status_code >= 400:
                        answer.read()
                        pause = attempts.after(answer.status_code, answer.headers, answer.content)
                    else:
                        pause = 1.0
                        attempts = Attempts(self._attempts, self._patience)
                        for line in answer.iter_lines():
                            for event in reader.line(line):
                                yield event
                                if event.name in {"done", "deleted"}:
                                    return
            except LOST as error:
                pause = attempts.after_error(error)
            time.sleep(pause or 0.0)

    def health(self) -> Mapping[str, Any]:
        """Return what the service says of itself."""
        answer = self._http.get("/health", timeout=self._timeout)
        if answer.status_code not in {200, 503}:
            raise refusal(answer.status_code, answer.headers, answer.content)
        return dict(answer.json())

    def _call(self, call: Call) -> Any:
        attempts = Attempts(self._attempts, self._patience)
        while True:
            try:
                answer = self._http.request(**call.arguments(self._timeout))
            except LOST as error:
                pause: float | None = attempts.after_error(error)
            else:
                pause = attempts.after(answer.status_code, answer.headers, answer.content)
                if pause is None:
                    return _json(answer)
            time.sleep(pause or 0.0)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise ServiceError("What answers at this address is no service of Berm's.") from error
