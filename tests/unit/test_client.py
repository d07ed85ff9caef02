"""The client against answers as servers and networks give them: retries, errors, streams."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import httpx
import pytest

import berm
from berm.client import ServiceError, Test, exchange
from berm.client.exchange import EventReader

ANSWER = {
    "execution_id": "e", "language": "python",
    "summary": {"total_tests": 2, "passed": 1, "failed": 1, "all_passed": False, "pass_percentage": 50.0},
    "test_results": [
        {"test_case_id": n, "verdict": v, "passed": v == "AC", "actual_output": "1", "error": None,
         "execution_time_ms": 5.0, "cpu_time_ms": 4.0, "memory_usage_bytes": 9}
        for n, v in ((1, "AC"), (2, "WA"))
    ],
    "metadata": {"security": {"guarantees": {"network": ["seccomp"]}}},
}  # fmt: skip


class Server:
    """Answers one after the other; remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer


def busy(status=503, seconds="0"):
    return lambda: httpx.Response(status, headers={"retry-after": seconds}, json={"detail": "busy"})


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(exchange, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(exchange, "_LONGEST_PAUSE", 0.002)


@pytest.fixture(params=["sync", "async"])
def call(request):
    """Call one method of a client, of either kind, on a server; iterators as lists."""

    def run(server, method, *args, **kwargs):
        options = {
            "attempts": 3,
            "patience": 5.0,
            "transport": httpx.MockTransport(server),
            "key": "k",
        }
        if request.param == "sync":
            with berm.Client("http://x", **options) as client:
                found = getattr(client, method)(*args, **kwargs)
                return list(found) if hasattr(found, "__next__") else found

        async def asynchronous():
            async with berm.AsyncClient("http://x", **options) as client:
                found = getattr(client, method)(*args, **kwargs)
                if hasattr(found, "__aiter__"):
                    return [one async for one in found]
                return await found

        return asyncio.run(asynchronous())

    return run


def execute(call, server):
    return call(
        server,
        "execute",
        "python",
        "print(1)",
        [Test("a", "b"), Test(input_file="f", expected_output_file="g")],
    )


def test_a_judged_program(call):
    server = Server(httpx.Response(200, json=ANSWER))
    done = execute(call, server)
    assert (done.verdict, done.passed, done.total, done.all_passed) == ("WA", 1, 2, False)
    assert done.tests[1].wall_time == 0.005
    assert done.guarantees == ("network",)
    sent = json.loads(server.asked[0].content)
    assert sent["test_cases"] == [
        {"input": "a", "expected_output": "b"}, {"input_file": "f", "expected_output_file": "g"},
    ]  # fmt: skip
    assert server.asked[0].headers["authorization"] == "Bearer k"


def test_what_is_busy_or_away_is_asked_again(call):
    server = Server(busy(429), httpx.ConnectError("no"), httpx.Response(200, json=ANSWER))
    assert execute(call, server).total == 2
    assert len(server.asked) == 3


def test_but_not_for_ever(call):
    server = Server(busy())
    with pytest.raises(ServiceError, match="busy") as caught:
        execute(call, server)
    assert (caught.value.status, len(server.asked)) == (503, 3)
    server = Server(httpx.ReadError("cut"))
    with pytest.raises(ServiceError, match="cannot be reached"):
        execute(call, server)
    assert len(server.asked) == 3


def test_a_pause_longer_than_the_patience_is_an_error_at_once(call):
    server = Server(busy(429, "3600"))
    with pytest.raises(ServiceError) as caught:
        execute(call, server)
    assert caught.value.retry_after == 3600
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer", "kind", "text"),
    [
        (401, {"json": {"type": "urn:berm:problem:unauthenticated", "detail": "No key."}},
         "unauthenticated", "No key."),
        (400, {"json": {"error": "code is missing."}}, "400", "code is missing."),
        (404, {"text": "<html>"}, "404", "answers 404"),
        (404, {"json": [1]}, "404", "answers 404"),
    ],
)  # fmt: skip
def test_refusals_are_errors_at_once(call, status, answer, kind, text):
    server = Server(httpx.Response(status, headers={"x-request-id": "r"}, **answer))
    with pytest.raises(ServiceError, match=text) as caught:
        execute(call, server)
    assert (caught.value.kind, caught.value.request_id) == (kind, "r")
    assert len(server.asked) == 1


def test_something_else_at_the_address_is_told(call):
    with pytest.raises(ServiceError, match="no service of Berm's"):
        execute(call, Server(httpx.Response(200, text="hello")))


def test_a_submission_is_handed_in_once_however_often_it_is_sent(call):
    server = Server(httpx.ReadError("cut"), httpx.Response(202, json={"id": "s1"}))
    assert call(server, "submit", "python", "1", [Test("", "")]) == "s1"
    first, second = (request.headers["idempotency-key"] for request in server.asked)
    assert first == second


def submission(state, **more):
    return {"id": "s", "state": state, "verdict": None, "queue": None, "result": None} | more


def test_waiting_polls_until_the_end(call):
    server = Server(
        httpx.Response(
            200, json=submission("queued", queue={"position": 3, "estimate_seconds": 1.5})
        ),
    )
    found = call(server, "submission", "s")
    assert (found.position, found.estimate, found.over) == (3, 1.5, False)
    server = Server(
        httpx.Response(200, json=submission("running")),
        httpx.Response(200, json=submission("done", verdict="WA", result=ANSWER)),
    )
    found = call(server, "submission", "s", wait=60)
    assert (found.verdict, found.result.total, len(server.asked)) == ("WA", 2, 2)


def test_lists_are_read_page_by_page(call):
    server = Server(
        httpx.Response(200, json={"submissions": [submission("done")], "next_cursor": "c"}),
        httpx.Response(200, json={"submissions": [submission("queued")], "next_cursor": None}),
    )
    assert [one.state for one in call(server, "submissions", state=None)] == ["done", "queued"]
    assert dict(server.asked[1].url.params) == {"cursor": "c"}


STARTED = b'event: queued\ndata: {"position": 1}\n\n: still here\n\nevent: started\ndata: {"attempt": 1}\n\n'
DONE = b'event: done\ndata: {"id":\ndata:  "s"}\n\n'


def test_events_go_on_where_a_stream_broke(call, monkeypatch):
    import time

    monkeypatch.setattr(time, "sleep", lambda _: None)
    stream = {"headers": {"content-type": "text/event-stream"}}
    server = Server(
        httpx.Response(200, content=STARTED, **stream),
        busy(503),
        httpx.Response(200, content=STARTED + DONE, **stream),
    )
    events = call(server, "events", "s")
    assert [event.name for event in events] == ["queued", "started", "done"]
    assert events[-1].data == {"id": "s"}


def test_an_endless_event_is_refused(monkeypatch):
    monkeypatch.setattr(exchange, "_MAX_EVENT", 100)
    reader = EventReader()
    with pytest.raises(ServiceError):
        for _ in range(100):
            list(reader.line("data: xxxxxxxxx"))


def test_importing_berm_does_not_import_httpx():
    code = "import sys, berm; assert 'httpx' not in sys.modules; berm.Client; assert 'httpx' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
