"""What the service answers besides judgements: errors, health, its own documentation."""

from __future__ import annotations

import json
import re
import socket

import httpx
import pytest

from berm.model import Guarantee
from berm.service.schemas import ExecuteResponse

pytestmark = pytest.mark.requires_isolation


@pytest.fixture(scope="module")
def service(serve):
    return serve(
        BERM_SERVE_REPLICA="replica-1", BERM_SERVE_MAX_BODY="256KiB", BERM_SERVE_MAX_TEST_CASES="30",
    ).ready()  # fmt: skip


@pytest.fixture
def client(service):
    with service.client() as client:
        yield client


# --- errors ---------------------------------------------------------------------------------------

GOOD = {"language": "python", "code": "print(1)", "test_cases": [{"expected_output": "1"}]}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"language": "klingon"}, "Supported: "),
        ({"language": "x" * 1000}, "Supported: "),
        ({"code": ""}, "code is missing"),
        ({"code": "x" * 51_201}, "at most 51200 bytes (50 KB)"),
        ({"test_cases": []}, "test_cases is missing or empty"),
        ({"test_cases": [{"expected_output": ""}] * 31}, "at most 30"),
        ({"timeout": 0}, "greater than 0 and at most 10"),
        ({"timeout": 10.5}, "greater than 0 and at most 10"),
        ({"code": 1}, "Give a string"),
    ],
)
def test_wrong_requests(client, changes, words, refused):
    assert words in refused(client.post("/execute", json={**GOOD, **changes}), 400)


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"{", JSON, 400, "not valid JSON"),
        (b"", JSON, 400, "empty"),
        (b'{"language": "\xff"}', JSON, 400, "not valid UTF-8"),
        (b"[" * 200_000, JSON, 400, "not valid JSON"),
        (b"x" * (256 * 1024 + 1), JSON, 413, "larger than 262144 bytes"),
        (b"x" * 30_000_000, JSON, 413, "larger than 262144 bytes"),
        (json.dumps(GOOD).encode(), {"content-type": "text/plain"}, 415, "application/json"),
        (json.dumps(GOOD).encode(), {}, 415, "application/json"),
    ],
    ids=["json", "empty", "utf-8", "deep", "cap", "30 MB", "text", "no type"],
)
def test_wrong_bodies(client, content, headers, status, words, refused):
    response = client.post("/execute", content=content, headers=headers)
    assert words in refused(response, status)


def test_a_chunked_body_over_the_cap(client, refused):
    def body():
        for _ in range(100):
            yield b"x" * 10_000

    assert "larger" in refused(client.post("/execute", content=body(), headers=JSON), 413)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/execute/", 404),
        ("GET", "/execute", 405),
        ("DELETE", "/health", 405),
        ("GET", "/docs/../../etc/passwd", 404),
        ("GET", "/redoc", 404),
        ("PROPFIND", "/execute", 405),
    ],
)
def test_other_paths_and_methods(client, method, path, status, refused):
    response = client.request(method, path)
    refused(response, status)
    if status == 405:
        assert response.headers["allow"] in ("POST", "GET")


def test_a_wrong_method_names_all_that_are_right(client):
    for path, methods in (("", "GET, POST"), ("/one", "DELETE, GET"), ("/one/events", "GET")):
        answer = client.request("PUT", f"/v1/submissions{path}")
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)
        assert f"Allowed here: {methods}." in answer.json()["detail"]


# --- the rest -------------------------------------------------------------------------------------


def test_health(client):
    health = client.get("/health").json()
    assert (health["status"], health["service"], health["replica"]) == (
        "healthy",
        "berm",
        "replica-1",
    )
    assert health["security"]["enabled"] is True
    assert set(health["security"]["guarantees"]) == {guarantee.value for guarantee in Guarantee}
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_openapi_is_complete(client):
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas, reference
    assert set(document["paths"]) == {
        *("/execute", "/health", "/healthz", "/readyz", "/metrics"),
        *("/v1/execute", "/v1/analyse", "/v1/owners/{owner}/submissions"),
        *("/v1/submissions", "/v1/submissions/batch", "/v1/submissions/{submission}"),
        *("/v1/submissions/{submission}/events", "/v1/webhooks/secret"),
    }
    execute = document["paths"]["/execute"]["post"]
    assert set(execute["responses"]) == {
        *("200", "400", "401", "403", "408", "412", "413", "415", "429", "500", "503"),
    }
    assert "422" not in execute["responses"]
    assert "HTTPValidationError" not in schemas
    example = execute["responses"]["200"]["content"]["application/json"]["example"]
    ExecuteResponse.model_validate(example, extra="forbid")
    for example in execute["requestBody"]["content"]["application/json"]["examples"].values():
        response = client.post("/execute", json=example["value"])
        assert response.json()["summary"]["all_passed"], response.text


def test_the_docs_page_needs_nothing_from_elsewhere(client):
    response = client.get("/docs")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "<script" not in response.text
    assert not re.search(r"(src|href)=.?https?:", response.text)
    for word in ("/execute", "ExecuteRequest", "curl", "TestResult", "Retry-After"):
        assert word in response.text
    assert client.get("/", follow_redirects=True).text == response.text


def test_every_response_forbids_what_a_browser_might_do(client):
    for path in ("/health", "/docs", "/nothing", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_what_is_no_http_is_refused(service):
    url = httpx.URL(service.url)
    for text in (b"\x16\x03\x01\x02\x00\x01", b"GARBAGE\r\n\r\n"):
        with socket.create_connection((url.host, url.port), timeout=10) as sock:
            sock.sendall(text)
            assert sock.recv(4096).startswith(b"HTTP/1.1 400")
