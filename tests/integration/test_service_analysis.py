"""Static analysis over HTTP: ``POST /v1/analyse``, and what every answer says of a service with a policy."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from websockets.sync.client import connect

from berm.service.schemas import AnalysisInfo, ExecuteResponse

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(240)]

SPAWNS = "import os as o\nprint('ran')\ngetattr(o, 'sys' + 'tem')('id')\n"
PLAIN = "import sys\nprint(input())\n"


@pytest.fixture(scope="module")
def service(serve):
    return serve(
        BERM_SERVE_WARM="python",
        BERM_ANALYSIS_PACK="contest",
        BERM_ANALYSIS_ALLOW="socket,socket.*",
        BERM_ANALYSIS_RULES="python.file-write=block",
    ).ready()


@pytest.fixture
def client(service):
    with service.client() as client:
        yield client


def analyse(client: httpx.Client, code: str, language: str = "python", **fields) -> AnalysisInfo:
    answer = client.post("/v1/analyse", json={"language": language, "code": code, **fields})
    assert answer.status_code == 200, answer.text
    return AnalysisInfo.model_validate(answer.json(), extra="forbid")


def wrong(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


def test_a_program_is_told_for_what_it_is(client):
    told = analyse(client, SPAWNS)
    assert (told.pack, told.language, told.refused, told.complete) == (
        "contest",
        "python",
        True,
        True,
    )
    blocked = [found for found in told.findings if found.blocked]
    assert [(f.rule, f.category, f.line, f.column) for f in blocked] == [
        ("python.process", "process", 3, 1)
    ]
    assert "`getattr(o, 'sys' + 'tem')` is `os.system`" in blocked[0].message
    assert not analyse(client, PLAIN).refused


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("javascript", "process['bin' + 'ding']('spawn_sync').spawn({});"),
        ("c++", '#define J(a, b) a##b\nint main() { J(sys, tem)("id"); }'),
        ("java", 'class A { void f() throws Exception { Class.forName("java.lang.Run" + "time"); } }'),
        ("bash", "curl http://example.org"),
    ],
)  # fmt: skip
def test_other_languages_are_read_too(client, language, code):
    assert analyse(client, code, language).refused


def test_a_request_brings_a_policy_of_its_own(client):
    assert not analyse(client, SPAWNS, pack="education").refused
    assert not analyse(client, SPAWNS, allow=["os.system"]).refused
    assert not analyse(client, SPAWNS, rules={"python.process": "report"}).refused
    assert analyse(client, PLAIN, pack="strict").pack == "strict"


def test_the_settings_hold_where_the_request_says_nothing(client):
    assert not analyse(client, "import socket\nsocket.socket()\n").refused
    assert analyse(client, "open('a.txt', 'w')\n").refused


def test_a_wrong_request_says_what_is_wrong(client):
    def post(**fields: object) -> httpx.Response:
        return client.post("/v1/analyse", json={"language": "python", "code": "1", **fields})

    assert "Give one of: bash, c, " in wrong(post(language="cobol"))
    assert "Give one of: off, education, contest, strict" in wrong(post(pack="exam"))
    assert "Give one of: off, report, block" in wrong(post(rules={"python.process": "no"}))
    assert "code is wrong" in wrong(post(code=""))
    assert "colour is wrong" in wrong(post(colour="red"))
    assert "not valid JSON" in wrong(
        client.post("/v1/analyse", content=b"{", headers={"content-type": "application/json"})
    )


@pytest.mark.parametrize(
    "code",
    ["-" * 40_000 + "1", "(" * 20_000 + ")" * 20_000, "x" + "[0]" * 15_000, "lambda:" * 7000 + "1"],
)
def test_what_no_parser_can_take_is_told_so(client, code):
    told = analyse(client, code)
    assert told.refused
    assert "any.too-complex" in {found.rule for found in told.findings}
    assert not analyse(client, PLAIN).refused  # the next one is read


def test_the_text_is_read_and_never_run(client):
    # As the "validation" that ran what decorators and defaults said.
    told = analyse(client, "@(lambda f: __import__('time').sleep(60))\ndef f(x=exec('1')): pass\n")
    assert {found.rule for found in told.findings if found.blocked} == {"python.dynamic-code"}


def test_an_execution_that_is_refused_says_why(client):
    for path in ("/execute", "/v1/execute"):
        body = {"language": "python", "code": SPAWNS, "test_cases": [{"expected_output": "ran"}]}
        answer = client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        told = ExecuteResponse.model_validate(answer.json(), extra="forbid")
        [result] = told.test_results
        assert (result.verdict.value, result.status.value, result.actual_output) == (
            "RJ",
            "error",
            "",
        )
        assert result.error is not None
        assert "line 3, column 1 (python.process)" in result.error
        assert "`os.system`" in result.error
        assert told.analysis is not None and told.analysis.refused


def test_an_execution_that_is_allowed_tells_what_was_seen(client):
    code = "import socket\nprint(input())\n"
    test = {"input": "5\n", "expected_output": "5"}
    body = {"language": "python", "code": code, "test_cases": [test]}
    told = client.post("/execute", json=body).json()
    assert told["summary"]["all_passed"]
    assert told["analysis"] == analyse(client, code).model_dump(mode="json")


def test_a_queued_submission_has_its_analysis(client):
    body = {"language": "python", "code": SPAWNS, "test_cases": [{"expected_output": "ran"}]}
    handed_in = client.post("/v1/submissions", json=body)
    assert handed_in.status_code == 202, handed_in.text
    deadline = time.monotonic() + 60
    found: dict = {}
    while found.get("state") != "done":
        assert time.monotonic() < deadline, found
        found = client.get(handed_in.json()["url"], params={"wait": 10}).json()
    assert found["verdict"] == "RJ"
    assert AnalysisInfo.model_validate(found["result"]["analysis"], extra="forbid").refused


def test_a_conversation_ends_with_its_analysis(service):
    with connect(service.url.replace("http", "ws") + "/v1/run", open_timeout=30) as socket:
        socket.send(json.dumps({"type": "start", "language": "python", "code": SPAWNS}))
        while (message := json.loads(socket.recv(60)))["type"] != "ended":
            assert message["type"] != "output", message
    assert message["outcome"] == "refused"
    assert "line 3, column 1 (python.process)" in message["reason"]
    assert AnalysisInfo.model_validate(message["analysis"], extra="forbid").refused
