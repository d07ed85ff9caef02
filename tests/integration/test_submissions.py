"""The asynchronous API over the real service: hand in, look, follow, list, cancel, survive a kill."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(240)]

ECHO = "print(input())"
SLOW = "import time\nprint(input(), flush=True)\ntime.sleep(9.5)"
ENVIRONMENT = {"BERM_SERVE_WARM": "python", "BERM_QUEUE_MAX_QUEUED_PER_USER": "40"}


def body(code: str = ECHO, tests: int = 2, **more: Any) -> dict[str, Any]:
    cases = [{"input": f"{n}\n", "expected_output": f"{n}"} for n in range(tests)]
    return {"language": "python", "code": code, "test_cases": cases, "timeout": 10, **more}


@pytest.fixture(scope="module")
def client(serve) -> Iterator[httpx.Client]:
    with serve(**ENVIRONMENT).ready().client() as made:
        yield made


def submit(client: httpx.Client, key: str | None = None, **more: Any) -> dict[str, Any]:
    headers = {"idempotency-key": key} if key else {}
    answer = client.post("/v1/submissions", json=body(**more), headers=headers)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == answer.json()["url"]
    return dict(answer.json())


def final(client: httpx.Client, submission: str, seconds: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = client.get(f"/v1/submissions/{submission}", params={"wait": 10}).json()
        if found["state"] in ("done", "cancelled"):
            return dict(found)
    raise AssertionError(found)


def problem(answer: httpx.Response, status: int, kind: str) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["type"]) == (status, f"urn:berm:problem:{kind}")
    return str(told["detail"])


def test_a_submission_is_judged_and_its_result_stays(client):
    accepted = submit(client, user_id="ann", question_id=7)
    found = final(client, accepted["id"])
    assert (found["state"], found["verdict"], found["attempt"]) == ("done", "AC", 1)
    assert (found["user_id"], found["question_id"]) == ("ann", "7")
    assert found["created_at"] <= found["started_at"] <= found["finished_at"]
    result = found["result"]
    assert [test["verdict"] for test in result["test_results"]] == ["AC", "AC"]
    assert result["submission_id"] == result["execution_id"] == accepted["id"]
    assert result["metadata"]["security"]["enabled"]
    assert client.get(accepted["url"]).json() == found


def test_the_result_is_that_of_execute(client):
    asked = body("print(int(input()) * 2)", 3)
    direct = client.post("/v1/execute", json=asked).json()
    queued = final(client, submit(client, code="print(int(input()) * 2)", tests=3)["id"])["result"]
    assert queued["summary"] == direct["summary"]
    assert set(queued) == set(direct)
    verdicts = [[test["verdict"] for test in one["test_results"]] for one in (direct, queued)]
    assert verdicts == [["AC", "WA", "WA"]] * 2


def test_the_same_key_is_the_same_submission(client):
    first = submit(client, key="once")
    again = submit(client, key="once")
    assert again["id"] == first["id"]
    assert (first["replayed"], again["replayed"]) == (False, True)
    answer = client.post(
        "/v1/submissions", json=body("print(1)"), headers={"idempotency-key": "once"}
    )
    assert "another submission" in problem(answer, 409, "conflict")
    answer = client.post("/v1/submissions", json=body(), headers={"idempotency-key": "no spaces"})
    assert "Idempotency-Key" in problem(answer, 400, "invalid-request")


def test_who_wants_to_be_told_is_refused_where_nobody_tells(client):
    answer = client.post("/v1/submissions", json=body(webhook_url="https://example.org/"))
    assert "[webhooks] key" in problem(answer, 409, "conflict")
    problem(client.get("/v1/webhooks/secret"), 409, "conflict")


def test_a_batch_is_all_or_nothing(client):
    answer = client.post(
        "/v1/submissions/batch",
        json={"submissions": [body(), body("print(0)")]},
        headers={"idempotency-key": "both"},
    )
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    again = client.post(
        "/v1/submissions/batch",
        json={"submissions": [body(), body("print(0)")]},
        headers={"idempotency-key": "both"},
    ).json()
    assert again["batch_id"] == batch["batch_id"]
    assert [one["id"] for one in again["submissions"]] == [
        one["id"] for one in batch["submissions"]
    ]
    other = client.post(
        "/v1/submissions/batch",
        json={"submissions": [body(), body("print(0)"), body()]},
        headers={"idempotency-key": "both"},
    )
    problem(other, 409, "conflict")
    verdicts = [final(client, one["id"])["verdict"] for one in batch["submissions"]]
    assert verdicts == ["AC", "WA"]
    listed = client.get("/v1/submissions", params={"batch_id": batch["batch_id"]}).json()
    assert len(listed["submissions"]) == 2
    answer = client.post("/v1/submissions/batch", json={"submissions": [body(), body("")]})
    assert "submissions[1]: code is missing" in problem(answer, 400, "invalid-request")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"submissions": []}, "missing or empty"),
        ({"submissions": [3]}, "submissions[0]"),
        ({"submissions": [{}] * 101}, "at most 100"),
    ],
)
def test_wrong_batches(client, sent, words):
    answer = client.post("/v1/submissions/batch", json=sent)
    assert words in problem(answer, 400, "invalid-request")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"language": "cobol-85"}, "cobol-85"),
        ({"priority": "urgent"}, "priority"),
        ({"user_id": "a\0b"}, "zero byte"),
        ({"timeout": 99}, "timeout"),
        (
            {"test_cases": [{"input_file": "no/such", "expected_output": ""}]},
            "The test file 'no/such' cannot be used",
        ),
    ],
)
def test_wrong_submissions(client, more, words):
    answer = client.post("/v1/submissions", json=body() | more)
    assert words in problem(answer, 400, "invalid-request")


def events(client: httpx.Client, url: str) -> list[tuple[str, dict[str, Any]]]:
    found, name = [], ""
    with client.stream("GET", url) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, json.loads(line.removeprefix("data: "))))
    return found


def test_events_tell_everything_in_order(client):
    accepted = submit(client, code="import time\nprint(input())\ntime.sleep(0.7)", tests=6)
    live = events(client, accepted["events_url"])
    names = [name for name, _ in live if name != "queued"]
    assert names == ["started", "compiled", *["test"] * 6, "done"]
    assert sorted(data["test_case_number"] for name, data in live if name == "test") == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert live[-1][1] == client.get(accepted["url"]).json()
    late = events(client, accepted["events_url"])
    assert [name for name, _ in late] == names


def test_cancelling_ends_what_waits_and_what_runs(client):
    running = [submit(client, code=SLOW, tests=1, priority="high") for _ in range(4)]
    waiting = submit(client, code=SLOW, tests=1, priority="low")
    place = client.get(waiting["url"]).json()
    assert place["state"] == "queued"
    assert place["queue"]["position"] >= 1
    deadline = time.monotonic() + 30
    while client.get(running[0]["url"]).json()["state"] != "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert client.delete(waiting["url"]).status_code == 200
    began = time.monotonic()
    answer = client.delete(running[0]["url"])
    assert (answer.status_code, answer.json()["cancelling"]) == (202, True)
    ended = final(client, running[0]["id"])
    assert time.monotonic() - began < 8
    assert (ended["state"], ended["verdict"], ended["result"]) == ("cancelled", None, None)
    for one in running[1:]:
        client.delete(one["url"])
    assert client.delete(running[0]["url"]).status_code == 200
    done = final(client, submit(client)["id"])
    assert client.delete(f"/v1/submissions/{done['id']}").json()["state"] == "done"


def test_lists_have_pages_and_filters(client):
    ids = [submit(client, user_id="lister", tests=1)["id"] for _ in range(5)]
    for one in ids:
        final(client, one)
    seen, cursor = [], None
    while True:
        asked = {"user_id": "lister", "limit": 2, **({"cursor": cursor} if cursor else {})}
        found = client.get("/v1/submissions", params=asked).json()
        seen += [one["id"] for one in found["submissions"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    asked = {"user_id": "lister", "verdict": "WA"}
    assert client.get("/v1/submissions", params=asked).json()["submissions"] == []
    for wrong in ("x", "!" * 11, "AAAAAAAAAA"):
        answer = client.get("/v1/submissions", params={"cursor": wrong})
        problem(answer, 400, "invalid-request")


def test_what_is_not_there(client):
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/events")):
        answer = client.request(method, f"/v1/submissions/no-such-thing{path}")
        assert "no such submission" in problem(answer, 404, "not-found")


def test_a_full_queue_says_when_to_come_back(client):
    blockers = [submit(client, code=SLOW, tests=1, priority="high", user_id="b") for _ in range(4)]
    accepted, refused = [], None
    for _ in range(60):
        answer = client.post("/v1/submissions", json=body(user_id="flood", priority="low"))
        if answer.status_code == 429:
            refused = answer
            break
        accepted.append(answer.json())
    assert refused is not None
    assert "40 submissions waiting" in problem(refused, 429, "queue-full")
    assert int(refused.headers["retry-after"]) >= 1
    submit(client, user_id="another")  # nobody else is kept out
    for one in [*accepted, *blockers]:
        client.delete(one["url"])


def test_a_users_only_submission_passes_anothers_flood(serve):
    """There is one place and one turn at a time, and the flood has both for longer than the test takes."""
    service = serve(BERM_POOL_RUNS_AT_A_TIME="1", **ENVIRONMENT).ready()
    slow = "import time\nprint(input())\ntime.sleep(0.3)"
    with service.client() as client:
        flood = [submit(client, code=slow, tests=60, user_id="flood")["url"] for _ in range(4)]
        while client.get(flood[0]).json()["state"] != "running":
            time.sleep(0.05)
        for user in ("ann", "bob"):
            found = final(client, submit(client, user_id=user, tests=4)["id"])
            assert (found["verdict"], found["attempt"]) == ("AC", 1)
        # Nothing of the flood was ended or begun for it.
        states = [client.get(url).json()["state"] for url in flood]
        assert states == ["running", "queued", "queued", "queued"]
        for url in flood:
            client.delete(url)


def test_an_owner_is_forgotten(client, alive):
    one = submit(client, user_id="forget me")
    final(client, one["id"])
    running = submit(client, code=SLOW, tests=1, user_id="forget me")
    answer = client.delete("/v1/owners/local/submissions", params={"user_id": "forget me"})
    assert answer.json() == {"submissions": 2}
    for gone in (one, running):
        problem(client.get(gone["url"]), 404, "not-found")


def test_nothing_accepted_is_lost_by_a_kill(serve, tmp_path: Path, eventually: Callable[..., None]):
    environment = ENVIRONMENT | {"BERM_STORE_URL": f"sqlite:///{tmp_path}/berm.db"}
    service = serve(**environment).ready()
    with service.client() as client:
        slow = "import time\nprint(input())\ntime.sleep(0.3)"
        ids = [submit(client, code=slow, user_id=f"user {n % 5}")["id"] for n in range(20)]
        done = final(client, ids[0])
    below = service.below()
    service.process.send_signal(signal.SIGKILL)
    service.ended()
    again = serve(**environment).ready()
    with again.client() as client:
        assert client.get(f"/v1/submissions/{ids[0]}").json() == done
        assert [final(client, one)["verdict"] for one in ids] == ["AC"] * 20
    del below


def test_a_drained_service_gives_its_submissions_back(serve, tmp_path: Path):
    environment = ENVIRONMENT | {"BERM_STORE_URL": f"sqlite:///{tmp_path}/berm.db"}
    service = serve(BERM_SERVE_DRAIN="1", **environment).ready()
    with service.client() as client:
        accepted = submit(client, code=SLOW, tests=1)
        while client.get(accepted["url"]).json()["state"] != "running":
            time.sleep(0.05)
    service.process.send_signal(signal.SIGTERM)
    assert service.ended(30) == 0, service.logged()
    with serve(**environment).ready().client() as client:
        found = final(client, accepted["id"])
    assert (found["verdict"], found["attempt"], found["failures"]) == ("AC", 2, [])


def test_half_a_service_needs_a_store_that_is_shared(serve):
    service = serve("--role=worker", **ENVIRONMENT)
    assert service.ended(60) == 78
    assert "The role worker needs a store that other processes share" in service.logged()


def test_api_and_workers_over_postgresql(serve, postgresql):
    import os
    import subprocess
    import sys

    environment = ENVIRONMENT | {"BERM_STORE_URL": postgresql.database(), "BERM_QUEUE_LEASE": "4"}
    subprocess.run([sys.executable, "-m", "berm", "migrate"], env={**os.environ, **environment}, check=True)  # fmt: skip
    api = serve("--role=api", **environment).ready()
    with api.client() as client:
        deadline = time.monotonic() + 60
        while not client.get("/health").json()["languages"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert not client.get("/health").json()["security"]["enabled"]
        # What starts workers when something waits needs that it can wait while there is none.
        early = submit(client, tests=1)
        workers = [serve("--role=worker", **environment).ready() for _ in range(2)]
        with workers[0].client() as of_worker:
            assert of_worker.post("/execute", json=body()).status_code == 404
            assert of_worker.get("/readyz").status_code == 200
        paths = client.get("/openapi.json").json()["paths"]
        assert "/v1/submissions" in paths
        assert "/v1/run" not in paths
        deadline = time.monotonic() + 30
        while not client.get("/health").json()["security"]["enabled"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert final(client, early["id"])["verdict"] == "AC"
        direct = client.post("/execute", json=body())
        assert direct.status_code == 200, direct.text
        assert direct.json()["summary"]["all_passed"]
        slow = "import time\nprint(input())\ntime.sleep(2)"
        ids = [submit(client, code=slow, tests=1)["id"] for _ in range(6)]
        while client.get(f"/v1/submissions/{ids[0]}").json()["state"] != "running":
            time.sleep(0.05)
        workers[0].process.send_signal(signal.SIGKILL)
        found = [final(client, one) for one in ids]
        assert [one["verdict"] for one in found] == ["AC"] * 6
        assert all("lease ran out" in f["reason"] for one in found for f in one["failures"])
