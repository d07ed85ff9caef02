"""The client for asynchronous code."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from berm.client.errors import ServiceError
from berm.client.exchange import LONG_POLL, LOST, Attempts, Call, EventReader, headers_of, refusal
from berm.client.values import Event, Execution, Submission, Test, patience, program


class AsyncClient:
    """:class:`berm.Client` for asynchronous code: the same methods, to be awaited or iterated over.

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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers_of(key), transport=transport, follow_redirects=False
        )
        self._timeout = timeout
        self._attempts = attempts
        self._patience = patience

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def execute(
        self,
        language: str,
        code: str | None,
        tests: Iterable[Test],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the program's, not the call's
        **more: Any,
    ) -> Execution:
        """Judge a program and wait for the result.

        ``more`` are further fields of the request: ``files``, ``checker``, ``limits``, ``groups``, or
        ``archive`` in the place of ``code``; the service's ``/docs`` has them all.
        """
        body = program(language, code, tests, timeout, more)
        return Execution.of(
            await self._call(Call("POST", "/v1/execute", body, patience=patience(body)))
        )

    async def submit(
        self,
        language: str,
        code: str | None,
        tests: Iterable[Test],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the program's, not the call's
        idempotency_key: str | None = None,
        **more: Any,
    ) -> str:
        """Hand in a program; return its id. Once this returns, the submission is not lost any more."""
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        body = program(language, code, tests, timeout, more)
        return str((await self._call(Call("POST", "/v1/submissions", body, headers=headers)))["id"])

    async def submission(self, submission: str, *, wait: float = 0.0) -> Submission:
        """Look at a submission, after waiting at most ``wait`` seconds for its end."""
        deadline = time.monotonic() + wait
        while True:
            left = max(0.0, deadline - time.monotonic())
            turn = min(left, LONG_POLL)
            call = Call("GET", f"/v1/submissions/{submission}", query={"wait": turn}, patience=turn)
            found = Submission.of(await self._call(call))
            if found.over or left <= turn:
                return found

    async def cancel(self, submission: str) -> Submission:
        """Cancel a submission; return it as it stands."""
        return Submission.of(await self._call(Call("DELETE", f"/v1/submissions/{submission}")))

    async def submissions(self, **filters: Any) -> AsyncIterator[Submission]:
        """Yield one's submissions, the newest first, page by page; ``filters`` as the route has them."""
        cursor = None
        while True:
            page = await self._call(
                Call("GET", "/v1/submissions", query=filters | {"cursor": cursor})
            )
            for row in page["submissions"]:
                yield Submission.of(row)
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def events(self, submission: str) -> AsyncIterator[Event]:
        """Yield what happens to a submission, until it is done; goes on where a stream broke."""
        reader, path = EventReader(), f"/v1/submissions/{submission}/events"
        attempts = Attempts(self._attempts, self._patience)
        headers = {"accept": "text/event-stream"}
        while True:
            try:
                async with self._http.stream("GET", path, headers=headers, timeout=60.0) as answer:
                    if answer.status_code >= 400:
                        await answer.aread()
                        pause = attempts.after(answer.status_code, answer.headers, answer.content)
                    else:
                        pause = 1.0
                        attempts = Attempts(self._attempts, self._patience)
                        async for line in answer.aiter_lines():
                            for event in reader.line(line):
                                yield event
                                if event.name in {"done", "deleted"}:
                                    return
            except LOST as error:
                pause = attempts.after_error(error)
            await asyncio.sleep(pause or 0.0)

    async def health(self) -> Mapping[str, Any]:
        """Return what the service says of itself."""
        answer = await self._http.get("/health", timeout=self._timeout)
        if answer.status_code not in {200, 503}:
            raise refusal(answer.status_code, answer.headers, answer.content)
        return dict(answer.json())

    async def _call(self, call: Call) -> Any:
        attempts = Attempts(self._attempts, self._patience)
        while True:
            try:
                answer = await self._http.request(**call.arguments(self._timeout))
            except LOST as error:
                pause: float | None = attempts.after_error(error)
            else:
                pause = attempts.after(answer.status_code, answer.headers, answer.content)
                if pause is None:
                    return _json(answer)
            await asyncio.sleep(pause or 0.0)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise ServiceError("What answers at this address is no service of Berm's.") from error
