"""Webhooks of the real service: signed, repeated, never lost by a kill, gone with their submission."""

from __future__ import annotations

import signal
import time

import pytest

from receiver import Receiver

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(240)]

KEY = "only-a-test-has-this-key-0123456789"
SETTINGS = {
    "BERM_SERVE_WARM": "python", "BERM_WEBHOOKS_KEY": KEY, "BERM_WEBHOOKS_PLAIN": "true",
    "BERM_WEBHOOKS_ALLOW": "127.0.0.0/8", "BERM_WEBHOOKS_FIRST_PAUSE": "0.2",
    "BERM_WEBHOOKS_ATTEMPTS": "3",
}  # fmt: skip
BODY = {
    "language": "python", "code": "print(input())",
    "test_cases": [{"input": "1", "expected_output": "1"}], "user_id": "ann",
}  # fmt: skip


@pytest.fixture(scope="module")
def service(serve):
    return serve(**SETTINGS).ready()


@pytest.fixture(scope="module")
def client(service):
    with service.client() as made:
        yield made


@pytest.fixture
def receiver(client):
    made = Receiver(client.get("/v1/webhooks/secret").json()["secret"])
    yield made
    made.close()


def submit(client, url, **more):
    answer = client.post("/v1/submissions", json={**BODY, "webhook_url": url, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def hook(client, submission):
    return client.get(f"/v1/submissions/{submission}").json()["webhook"]


def test_the_end_is_told_once_and_seen_in_the_submission(client, receiver, eventually, service):
    submission = submit(client, receiver.url + "?token=of-the-receiver")
    eventually(lambda: hook(client, submission)["state"] == "delivered", 60)
    (message,) = receiver.messages[submission]
    found = client.get(f"/v1/submissions/{submission}").json()
    assert message["type"] == "submission.done"
    assert message["timestamp"] == found["finished_at"]
    assert message["data"]["verdict"] == "AC"
    assert message["data"] == {name: found[name] for name in message["data"]}
    told = found["webhook"]
    assert told["receiver"] == receiver.url.removesuffix("/told")
    assert (told["attempts"], told["last_status"], told["last_error"]) == (1, 204, None)
    assert receiver.forged == 0
    for secret in (KEY, "of-the-receiver", receiver.secret):
        assert secret not in service.logged()


def test_cancelled_ones_are_told_too(client, receiver, eventually):
    submission = submit(client, receiver.url, code="import time\ntime.sleep(9)", timeout=10)
    client.delete(f"/v1/submissions/{submission}")
    eventually(lambda: receiver.messages[submission], 60)
    assert receiver.messages[submission][0]["type"] == "submission.cancelled"


def test_a_receiver_that_fails_is_asked_again_under_the_same_id(client, receiver, eventually):
    receiver.statuses = [500, 302]
    submission = submit(client, receiver.url)
    eventually(lambda: hook(client, submission)["state"] == "delivered", 60)
    assert hook(client, submission)["attempts"] == 3
    assert receiver.ids[submission] == {f"msg_{submission}"}
    receiver.statuses = [503] * 3
    submission = submit(client, receiver.url)
    eventually(lambda: hook(client, submission)["state"] == "failed", 60)
    told = hook(client, submission)
    assert (told["attempts"], told["last_status"]) == (3, 503)
    assert told["last_error"] == "The receiver answered 503."
    assert told["next_attempt_at"] is None
    time.sleep(2)
    assert not receiver.messages[submission]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://169.254.169.254/", "may not reach"),
        ("https://[::1]:8000/", "may not reach"),
        ("https://10.0.0.1/", "may not reach"),
        ("gopher://example.org/", "https"),
        ("https://user:secret@example.org/", "password"),
    ],
)
def test_targets_that_are_inside_are_refused_at_once(client, url, words):
    answer = client.post("/v1/submissions", json={**BODY, "webhook_url": url})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert "secret@" not in answer.text


def test_a_kill_between_the_result_and_its_delivery_loses_nothing(serve, eventually, tmp_path):
    settings = {**SETTINGS, "BERM_STORE_URL": f"sqlite:///{tmp_path}/berm.db"}
    first = serve(**{**settings, "BERM_WEBHOOKS_FIRST_PAUSE": "3"}).ready()
    with first.client() as client:
        made = Receiver(client.get("/v1/webhooks/secret").json()["secret"])
        made.statuses = [500]  # the first attempt fails, so that the delivery is owed when it ends
        submission = submit(client, made.url)
        eventually(lambda: made.ids[submission], 60)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    try:
        assert not made.messages[submission]
        with serve(**settings).ready().client() as client:
            eventually(lambda: made.messages[submission], 60)
            eventually(lambda: hook(client, submission)["state"] == "delivered", 60)
            assert len(made.messages[submission]) == 1
            assert made.forged == 0
            # What is forgotten is not told of, and not known any more.
            assert client.delete("/v1/owners/local/submissions").json()["submissions"] == 1
            assert client.get(f"/v1/submissions/{submission}").status_code == 404
    finally:
        made.close()
