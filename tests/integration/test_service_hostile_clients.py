"""Clients that want to harm the service: slow, huge, deep, half closed, many. It stays up and small."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import time
import zlib
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(400)]

#: 10,000 as `BERM_IDLE=10000 ./dev test tests/integration/test_service_hostile_clients.py`; fewer in CI.
IDLE = int(os.environ.get("BERM_IDLE", "1000"))
GOOD = {"language": "python", "code": "print(1)", "test_cases": [{"expected_output": "1"}]}


@pytest.fixture(scope="module")
def service(serve):
    return serve(
        BERM_SERVE_WARM="python", BERM_SERVE_HEAD_TIMEOUT="3", BERM_SERVE_BODY_TIMEOUT="3",
        BERM_SERVE_IDLE_TIMEOUT="120", BERM_SERVE_MAX_CONNECTIONS=str(IDLE + 200),
    ).ready()  # fmt: skip


@pytest.fixture(autouse=True)
def _still_serves(service):
    """After every test the service judges, and is no larger than it was."""
    before = memory(service)
    yield
    answer = httpx.post(f"{service.url}/execute", json=GOOD, timeout=60)
    assert answer.json()["summary"]["all_passed"] is True
    assert memory(service) - before < max(96 << 20, IDLE * 16384)  # a connection takes 13 KB


def memory(service):
    text = Path(f"/proc/{service.process.pid}/statm").read_text()
    return int(text.split()[1]) * 4096


def answered(sock):
    data = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while piece := sock.recv(65536):
            data += piece
    return data


def head(length, *more, path="/execute"):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_slow_heads_and_slow_bodies_are_given_up(connect):
    slow_heads = [connect() for _ in range(50)]
    slow_bodies = [connect() for _ in range(50)]
    for sock in slow_heads:
        sock.sendall(b"POST /execute HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    for sock in slow_bodies:
        sock.sendall(head(1000) + b"{")
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:  # a byte now and then, as slowloris does
        for sock in (*slow_heads, *slow_bodies):
            with contextlib.suppress(OSError):
                sock.send(b"x")
        time.sleep(0.5)
    for sock in slow_heads:
        assert answered(sock).startswith(b"HTTP/1.1 408 ")
    for sock in slow_bodies:
        assert answered(sock).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", ["/execute", "/v1/execute"])
@pytest.mark.parametrize(
    "more",
    [["X-Long: " + "x" * 70_000], [f"X-{n}: {'y' * 50}" for n in range(2000)]],
    ids=["one", "many"],
)
def test_huge_heads_are_refused(connect, more, path):
    sock = connect()
    with contextlib.suppress(ConnectionError):
        sock.sendall(head(0, *more, path=path))
    assert answered(sock).startswith(b"HTTP/1.1 431 ")


def test_a_target_of_any_length_is_refused(connect):
    sock = connect()
    with contextlib.suppress(ConnectionError):
        sock.sendall(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answered(sock).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b'{"language": "python", "code": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        json.dumps({"language": "python", "code": "x" * 3_000_000, "test_cases": [{}]}).encode(),
        b'{"language": "python", "code": "1", "test_cases": [' + b"{}," * 500_000 + b"{}]}",
        b'{"timeout": 1' + b"0" * 1_000_000 + b"}",
        b'{"timeout": 1e999999999}',
        b'"\\ud800' * 100_000,
        b"\xff" * 1_000_000,
    ],
    ids=[
        "lists",
        "objects",
        "nested",
        "code",
        "tests",
        "digits",
        "exponent",
        "surrogates",
        "bytes",
    ],
)
def test_bodies_that_are_deep_or_large_are_answered_quickly(service, body):
    started = time.monotonic()
    answer = httpx.post(
        f"{service.url}/execute",
        content=body,
        headers={"content-type": "application/json"},
        timeout=60,
    )
    assert answer.status_code in (400, 413), answer.text[:300]
    assert len(answer.text) < 2000
    assert time.monotonic() - started < 30


def test_a_body_over_the_cap_is_refused_unread_and_an_endless_one_is_cut(connect):
    sock = connect()
    sock.sendall(head(1 << 40, "Expect: 100-continue"))
    assert answered(sock).startswith(b"HTTP/1.1 413 ")
    sock = connect()
    sock.sendall(head(None, "Transfer-Encoding: chunked"))
    with contextlib.suppress(ConnectionError, TimeoutError):
        for _ in range(200):
            sock.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
    assert answered(sock).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_nothing_is_inflated(service, encoding):
    bomb = (
        gzip.compress(b" " * (64 << 20)) if "gzip" in encoding else zlib.compress(b" " * (64 << 20))
    )
    answer = httpx.post(
        f"{service.url}/execute",
        content=bomb,
        headers={"content-type": "application/json", "content-encoding": encoding},
        timeout=60,
    )
    assert answer.status_code == 415


def test_half_closed_sockets(connect, service):
    body = json.dumps(GOOD).encode()
    sockets = [connect() for _ in range(20)]
    for sock in sockets:
        sock.sendall(head(len(body)) + body)
        sock.shutdown(socket.SHUT_WR)
    for sock in sockets:
        # A client that will not send any more has gone, as far as HTTP servers can tell; whatever is
        # answered, the socket ends.
        assert answered(sock)[:9] in (b"HTTP/1.1 ", b"")
    for sock in [connect() for _ in range(20)]:
        sock.shutdown(socket.SHUT_WR)
        assert answered(sock)[:9] in (b"HTTP/1.1 ", b"")


def test_smuggled_and_broken_requests_are_refused(connect):
    for text in (
        b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 100,
        b"GET / HTTP/1.1\r\nHo\0st: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):  # fmt: skip
        sock = connect()
        sock.sendall(text)
        assert answered(sock).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 40")), text


def test_many_idle_connections_keep_nobody_out(service, connect):
    before = memory(service)
    for _ in range(IDLE):
        # Each one at once: a connection that sends nothing for three seconds is not idle, but given up.
        sock = connect()
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    answer = httpx.post(f"{service.url}/execute", json=GOOD, timeout=60)
    assert answer.json()["summary"]["all_passed"] is True
    assert memory(service) - before < (64 << 20) + IDLE * 32 * 1024
