"""Every method of both clients against the real service; and the guide to keys, followed to the letter."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import berm
from berm.client import ServiceError, Test

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(300)]

GUIDES = Path(__file__).parents[2] / "docs/guides"
ADD = "a, b = map(int, input().split())\nprint(a + b)"
TESTS = [Test("1 2", "3"), Test("5 6", "11", id="second"), Test("1 1", "3")]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/berm.db"


@pytest.fixture(scope="module")
def shell(store):
    """Run a command of a guide as it stands there, where its users would."""

    def run(command):
        here = command.replace(".venv/bin/berm", f"{sys.executable} -m berm")
        done = subprocess.run(
            ["sh", "-e", "-c", here], env={**os.environ, "BERM_STORE_URL": store},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def commands(guide, word):
    """The one command of a guide that has a word in it."""
    text = (GUIDES / guide).read_text("utf-8")
    found = [
        line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.replace("\\\n", "").splitlines() if word in line
    ]  # fmt: skip
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(scope="module")
def key(shell):
    return re.search(r"berm_\S+", shell(commands("keys.md", "keys create")))[0]


@pytest.fixture(scope="module")
def service(serve, store, key):
    return serve(
        BERM_STORE_URL=store, BERM_AUTH_MODE="on", BERM_SERVE_WARM="python",
        BERM_LIMITS_REQUESTS_PER_MINUTE="1000",
    ).ready()  # fmt: skip


class Both:
    """One client through the methods of the blocking one, whichever kind it is."""

    def __init__(self, kind, url, key):
        self.asynchronous = kind == "async"
        self.loop = asyncio.Runner() if self.asynchronous else None
        self.client = (berm.AsyncClient if self.asynchronous else berm.Client)(url, key)

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def call(*args, **kwargs):
            found = method(*args, **kwargs)
            if inspect.isawaitable(found):
                return self.loop.run(found)
            if hasattr(found, "__aiter__"):
                return self.loop.run(gather(found))
            return list(found) if inspect.isgenerator(found) else found

        return call

    def end(self):
        self.close()
        if self.loop is not None:
            self.loop.close()


async def gather(items):
    return [item async for item in items]


@pytest.fixture(params=["sync", "async"])
def client(request, service, key):
    made = Both(request.param, service.url, key)
    yield made
    made.end()


def test_both_clients_have_the_same_methods():
    names = {name for name in dir(berm.Client) if not name.startswith("_")}
    assert names == {name for name in dir(berm.AsyncClient) if not name.startswith("_")}
    assert names == {"execute", "submit", "submission", "submissions", "cancel", "events", "health", "close"}  # fmt: skip


def test_execute(client):
    done = client.execute("python", ADD, TESTS, timeout=5, user_id="ann")
    assert (done.verdict, done.passed, done.total) == ("WA", 2, 3)
    assert [(one.id, one.verdict) for one in done.tests] == [(1, "AC"), ("second", "AC"), (3, "WA")]
    assert done.tests[0].output == "3\n"
    assert 0 < done.tests[0].cpu_time < 5
    assert "network" in done.guarantees


def test_submit_and_wait_and_follow_and_list(client):
    submission = client.submit("python", ADD, TESTS[:2], user_id=f"of {client.asynchronous}")
    found = client.submission(submission, wait=60)
    assert (found.state, found.verdict, found.result.passed) == ("done", "AC", 2)
    names = [event.name for event in client.events(submission)]
    assert names == ["started", "compiled", "test", "test", "done"]
    listed = client.submissions(user_id=f"of {client.asynchronous}", limit=1)
    assert [one.id for one in listed] == [submission]
    again = client.submit("python", ADD, TESTS[:1], idempotency_key=f"k{client.asynchronous}")
    assert again == client.submit(
        "python", ADD, TESTS[:1], idempotency_key=f"k{client.asynchronous}"
    )


def test_cancel(client):
    submission = client.submit("python", "import time\ntime.sleep(9)", TESTS[:1], timeout=10)
    assert client.cancel(submission).id == submission
    assert client.submission(submission, wait=60).state == "cancelled"


def test_health_and_refusals(client, service):
    assert "python" in [one["name"] for one in client.health()["languages"]]
    for call, status in (
        (lambda: client.submission("nobody"), 404),
        (lambda: client.execute("klingon", "1", TESTS), 400),
        (lambda: client.submit("python", "1", TESTS, priority="high"), 403),
    ):
        with pytest.raises(ServiceError) as refused:
            call()
        assert refused.value.status == status
        assert service.logs(refused.value.request_id)


def test_a_key_is_rotated_as_the_guide_says(service, shell, key):
    name = re.search(r"berm_(\w+?)_", key)
    listed = shell(commands("keys.md", "keys list"))
    assert "ada" in listed
    assert name is None or name[1] in listed
    public = next(word for word in listed.split() if word in key and len(word) >= 6)
    rotated = shell(commands("keys.md", "keys rotate").replace("NAME", public))
    new = re.search(r"berm_\S+", rotated)[0]
    for one in (key, new):  # the old one works on, for the time of grace
        with berm.Client(service.url, one) as client:
            assert client.execute("python", ADD, TESTS[:1]).verdict == "AC"
    shell(commands("keys.md", "keys revoke").replace("NAME", public))
    time.sleep(6)  # "Running services notice within 5 seconds."
    with berm.Client(service.url, new) as client:
        assert client.execute("python", ADD, TESTS[:1]).verdict == "AC"
    with berm.Client(service.url, key) as client, pytest.raises(ServiceError) as refused:
        client.execute("python", ADD, TESTS[:1])
    assert refused.value.status == 401


def test_the_settings_of_the_guide_for_a_class_are_right(shell, tmp_path):
    text = (GUIDES / "class.md").read_text("utf-8")
    settings = re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1]
    for place in ("/var/log/berm", "/var/lib/berm"):
        assert place in settings
        settings = settings.replace(place, str(tmp_path))
    file = tmp_path / "berm.toml"
    file.write_text(settings)
    (tmp_path / "students.txt").write_text("ann\nbob\n")
    checked = re.search(r"`(.venv/bin/berm config check .*?)`", text)[1]
    shell(checked.replace("/etc/berm/berm.toml", str(file)))
    made = [
        command.strip().replace("/etc/berm/berm.toml", str(file))
        for command in re.search(r"```sh\n( +export BERM_CONFIG.*?)```", text, re.DOTALL)[
            1
        ].splitlines()
    ]
    shell(f"cd {tmp_path}\n" + "\n".join(made))
    keys = [json.loads(line) for line in (tmp_path / "keys.jsonl").read_text().splitlines()]
    assert len({one["key"] for one in keys}) == 2
