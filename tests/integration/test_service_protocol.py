"""Clients that are slow, greedy or wrong before there is a request; and clients that take no answer."""

from __future__ import annotations

import contextlib
import json
import socket
import time

import httpx
import pytest

pytestmark = pytest.mark.requires_isolation


@pytest.fixture(scope="module")
def service(serve):
    return serve(
        BERM_SERVE_MAX_HEAD="4KiB", BERM_SERVE_HEAD_TIMEOUT="1", BERM_SERVE_IDLE_TIMEOUT="1",
        BERM_SERVE_MAX_CONNECTIONS="20", BERM_SERVE_SEND_TIMEOUT="2",
    ).ready()  # fmt: skip


def rest(sock):
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            answer += piece
    return answer


def taken(sock):
    """Take one answer of /healthz."""
    answer = b""
    while not answer.endswith(b"}"):
        answer += sock.recv(65536)
    return answer


def refused(answer, status):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    assert b"connection: close" in head
    assert b"x-content-type-options: nosniff" in head
    told = json.loads(body)
    assert set(told) == {"error", "execution_id", "timestamp"}
    assert told["execution_id"].encode() in head
    return told["error"]


@pytest.mark.parametrize(
    "text",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        (
            b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ],
)
def test_what_is_no_request(connect, text):
    sock = connect()
    sock.sendall(text)
    assert "not a valid HTTP request" in refused(rest(sock), 400)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"x" * 5000 + b"\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1000 + b"\r\n"],
        [b"GET / HTTP/1.1\r\nHost: x\r\n", *[b"A: bbbbbbbbbb\r\n"] * 350],
        [b"GET / HTTP/1.1\r\nLong: ", *[b"x" * 100] * 45],
        [b"GET /", *[b"x" * 100] * 45],
    ],
    ids=["target", "header", "headers", "headers in pieces", "header without end", "target without end"],
)  # fmt: skip
def test_a_head_that_is_too_large(connect, pieces):
    sock = connect()
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            sock.sendall(piece)
    assert "larger than 4096 bytes" in refused(rest(sock), 431)


def test_a_head_within_its_size(connect):
    sock = connect()
    sock.sendall(b"GET /healthz HTTP/1.1\r\nConnection: close\r\nLong: " + b"x" * 3900)
    sock.sendall(b"\r\n\r\n")
    assert rest(sock).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("begin", "told"),
    [(b"", False), (b"G", True), (b"GET /healthz HTTP/1.1\r\nHo", True)],
)
def test_a_head_that_does_not_come(connect, begin, told):
    sock = connect()
    started = time.monotonic()
    sock.sendall(begin)
    answer = rest(sock)
    assert 0.5 < time.monotonic() - started < 5
    if told:
        assert "within 1 s" in refused(answer, 408)
    else:
        assert answer == b""


def test_a_head_that_comes_drop_by_drop(connect):
    sock = connect()
    started = time.monotonic()
    with contextlib.suppress(ConnectionError):
        for _ in range(30):
            sock.sendall(b"G" if _ == 0 else b"E" if _ == 1 else b"T" if _ == 2 else b" ")
            time.sleep(0.15)
    assert b"408" in rest(sock)[:20]
    assert time.monotonic() - started < 8


def test_a_second_request_that_does_not_come(connect):
    sock = connect()
    sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert taken(sock).startswith(b"HTTP/1.1 200")
    sock.sendall(b"GET /hea")
    assert "within 1 s" in refused(rest(sock), 408)


def test_an_idle_connection_is_closed_without_a_word(connect):
    sock = connect()
    sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    taken(sock)
    started = time.monotonic()
    assert rest(sock) == b""
    assert 0.5 < time.monotonic() - started < 5


def test_a_late_head_does_not_hurt_the_request_before_it(connect):
    sock = connect()
    body = json.dumps(
        {
            "language": "python",
            "code": "import time; time.sleep(2)",
            "test_cases": [{"expected_output": ""}],
        }
    ).encode()
    sock.sendall(
        b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%bGET /hea" % (len(body), body)
    )
    assert sock.recv(65536).startswith(b"HTTP/1.1 200")


def test_too_many_connections(connect, service, eventually):
    def fresh():
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{service.url}/healthz").status_code == 200
        return False

    eventually(fresh)
    body = b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx"
    held = [connect() for _ in range(20)]
    for sock in held:
        sock.sendall(body)
    time.sleep(0.3)
    assert "all the connections" in refused(rest(connect()), 503)
    for sock in held:
        sock.close()
    eventually(fresh)


def open_connections(service):
    """Count the service's side of connections that are not over (nor waiting for strays only)."""
    port = f":{int(service.url.rpartition(':')[2]):04X}"
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(row[1].endswith(port) and row[3] not in {"06", "0A"} for row in rows)


def test_an_answer_that_is_not_taken_is_given_up(connect, service, eventually):
    eventually(lambda: open_connections(service) == 0)
    body = json.dumps(
        {
            "language": "python",
            "code": "print('x' * 1_000_000)",
            "test_cases": [{"expected_output": ""}] * 15,
        }
    ).encode()
    sock = connect()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.sendall(
        b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    eventually(lambda: open_connections(service) == 1)
    eventually(lambda: open_connections(service) == 0, seconds=30)
