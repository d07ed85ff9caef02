"""What every request passes: over real sockets, with a small application behind the gate."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from berm.errors import BusyError, CellError, InputError
from berm.service.disconnect import while_connected
from berm.service.gate import SECURITY_HEADERS, Desk, Intake
from berm.service.problems import ApiError
from berm.service.readiness import Readiness
from berm.service.settings import ServiceSettings

SETTINGS = ServiceSettings(max_body="64KiB", max_bodies="160KiB", body_timeout=4, max_requests=4)
SECRET = "the text of a foreign exception"


class Behind:
    """An application that tells what became of its requests."""

    def __init__(self):
        self.events = []
        self.held = asyncio.Event()
        self.readiness = Readiness()

    async def echo(self, request: Request):
        data = await request.body()
        return PlainTextResponse(str(len(data)))

    async def hold(self, request: Request):
        await request.body()
        self.events.append("held")

        async def work():
            try:
                await asyncio.sleep(30)
            finally:
                await asyncio.sleep(0.05)
                self.events.append("gone" if self.readiness.running else "gone too late")

        await while_connected(request.receive, work())
        return PlainTextResponse("never")

    async def fail(self, request: Request):
        match request.path_params["kind"]:
            case "foreign":
                raise ValueError(SECRET)
            case "cell":
                raise CellError(SECRET, step="fork")
            case "input":
                raise InputError("Wrong.", meaning="Because.", remedy="Do right.")
            case "busy":
                raise BusyError("Full.", retry_after=2.1)
            case "early":
                raise ApiError(415, "Unread.")

    async def broken(self, request: Request):
        async def parts():
            yield b"begin"
            raise ValueError(SECRET)

        return StreamingResponse(parts())

    def app(self):
        return Starlette(
            routes=[
                Route("/echo", self.echo, methods=["POST"]),
                Route("/hold", self.hold, methods=["POST"]),
                Route("/fail/{kind}", self.fail, methods=["GET", "POST"]),
                Route("/broken", self.broken),
                Route("/healthz", lambda request: PlainTextResponse("alive")),
            ],
            middleware=[
                Middleware(Desk),
                Middleware(Intake, settings=SETTINGS, readiness=self.readiness),
            ],
        )


@pytest.fixture(scope="module")
def behind():
    return Behind()


@pytest.fixture(scope="module")
def address(behind):
    server = uvicorn.Server(
        uvicorn.Config(
            behind.app(), port=0, http="httptools", ws="none", lifespan="off", log_config=None
        )
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def client(address):
    with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", timeout=60) as client:
        yield client


def is_problem(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error", "execution_id", "timestamp"}
    assert body["execution_id"] == response.headers["x-execution-id"]
    assert SECRET not in response.text
    return body["error"]


def chunks(size, count):
    for _ in range(count):
        yield b"x" * size


def test_bodies_up_to_the_cap_pass(client):
    assert client.post("/echo", content=b"x" * 65_536).text == "65536"
    assert client.post("/echo", content=chunks(4096, 16)).text == "65536"


@pytest.mark.parametrize(
    "content", [b"x" * 65_537, b"x" * 20_000_000], ids=["one too many", "20 MB"]
)
def test_a_body_that_says_it_is_too_large(client, content):
    assert "larger than 65536 bytes" in is_problem(client.post("/echo", content=content), 413)
    assert client.post("/echo", content=b"next").text == "4"


@pytest.mark.parametrize("count", [17, 5000])
def test_a_chunked_body_is_cut_off_at_the_cap(client, count):
    assert "larger" in is_problem(client.post("/echo", content=chunks(4096, count)), 413)
    assert client.post("/echo", content=b"next").text == "4"


def raw(address, head, *parts, pause=0.0):
    with socket.create_connection(address, timeout=60) as sock:
        sock.sendall(head.replace("\n", "\r\n").encode())
        for part in parts:
            time.sleep(pause)
            sock.sendall(part)
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
        return answer.decode()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_sends_everything_first_gets_its_answer(address, chunked):
    """As most clients do: no answer is looked at before the whole body was sent."""
    piece = b"x" * 100_000
    if chunked:
        head = "POST /echo HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\nConnection: close\n\n"
        parts = [b"%x\r\n%b\r\n" % (len(piece), piece)] * 200 + [b"0\r\n\r\n"]
    else:
        head = "POST /echo HTTP/1.1\nHost: x\nContent-Length: 20000000\nConnection: close\n\n"
        parts = [piece] * 200
    assert raw(address, head, *parts).startswith("HTTP/1.1 413")


def test_a_client_that_waits_for_continue_is_refused_before_it_sends(address):
    answer = raw(
        address,
        "POST /echo HTTP/1.1\nHost: x\nContent-Length: 99999999\nExpect: 100-continue\n\n",
    )
    assert answer.startswith("HTTP/1.1 413")
    assert "connection: close" in answer.lower()


def test_a_body_that_comes_too_slowly(address):
    started = time.monotonic()
    answer = raw(
        address,
        "POST /echo HTTP/1.1\nHost: x\nContent-Length: 10\nConnection: close\n\n",
        *[b"x"] * 2,
        pause=0.3,
    )
    assert answer.startswith("HTTP/1.1 408")
    assert "4 s" in answer
    assert 3.0 < time.monotonic() - started < 30


def test_a_length_that_is_none(address):
    for length in ("-1", "x", "1 2", "1" * 40):
        answer = raw(address, f"POST /echo HTTP/1.1\nHost: x\nContent-Length: {length}\n\n")
        assert answer.startswith(("HTTP/1.1 400", "HTTP/1.1 413")), length


def test_large_bodies_together_are_bounded(address, client):
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n"
    holders = [socket.create_connection(address) for _ in range(2)]
    try:
        for sock in holders:
            sock.sendall(head + b"x" * 65_000)
        time.sleep(0.3)
        response = client.post("/echo", content=b"x" * 65_536)
        assert "large bodies" in is_problem(response, 503)
        assert int(response.headers["retry-after"]) >= 1
    finally:
        for sock in holders:
            sock.close()
    time.sleep(0.3)
    assert client.post("/echo", content=b"x" * 65_536).text == "65536"


def test_a_client_that_goes_cancels_its_work(address, behind):
    behind.events.clear()
    with socket.create_connection(address) as sock:
        sock.sendall(b"POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        wait_for(lambda: behind.events == ["held"])
    wait_for(lambda: behind.events == ["held", "gone"])
    wait_for(lambda: behind.readiness.running == 0)


def test_a_client_that_goes_while_it_sends_is_no_failure(address, behind, capfd):
    with socket.create_connection(address) as sock:
        sock.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        wait_for(lambda: behind.readiness.running == 1)
    wait_for(lambda: behind.readiness.running == 0)
    time.sleep(0.2)
    told = capfd.readouterr().out
    assert "status=499" in told
    assert "failed" not in told


def test_too_many_requests_are_told_when_to_come_back(address, behind, client):
    behind.events.clear()
    holders = [socket.create_connection(address) for _ in range(4)]
    try:
        for sock in holders:
            sock.sendall(b"POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        wait_for(lambda: behind.events == ["held"] * 4)
        response = client.post("/echo", content=b"x")
        is_problem(response, 503)
        assert int(response.headers["retry-after"]) >= 1
        assert client.get("/healthz").text == "alive"
    finally:
        for sock in holders:
            sock.close()
    wait_for(lambda: behind.readiness.running == 0)
    assert client.post("/echo", content=b"x").text == "1"


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("foreign", 500, "not the program's fault"),
        ("cell", 500, "not the program's fault"),
        ("input", 400, "Wrong. Because. Do right."),
        ("busy", 503, "Full. Send the same request again in 3 s."),
    ],
)
def test_every_error_has_one_shape(client, kind, status, words):
    response = client.get(f"/fail/{kind}")
    assert words in is_problem(response, status)
    assert response.headers.get("retry-after") == ("3" if kind == "busy" else None)


def test_an_error_before_the_body_was_read(client):
    is_problem(client.post("/fail/early", content=b"x" * 60_000), 415)
    assert client.post("/echo", content=b"next").text == "4"


def test_an_error_in_the_middle_of_a_response_ends_the_connection(client):
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/broken")
    assert client.post("/echo", content=b"next").text == "4"


def test_every_response_has_the_headers(client):
    for response in (client.post("/echo"), client.get("/fail/foreign"), client.get("/healthz")):
        for name, value in SECURITY_HEADERS.items():
            assert response.headers[name] == value
        assert "x-execution-id" in response.headers


def test_every_request_has_its_own_id(client):
    ids = {client.post("/echo").headers["x-execution-id"] for _ in range(5)}
    assert len(ids) == 5
    json.dumps(list(ids))
