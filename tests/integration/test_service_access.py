"""A service that asks for keys: roles and routes, limits, keys that end, and starts that are refused."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from berm.service.access import keyring
from berm.service.access.keys import new_key as make_key
from berm.service.access.opening import open_access
from berm.service.access.roles import ROLE_SCOPES
from berm.service.access.settings import AuthSettings
from berm.service.access.table import TABLE
from berm.service.limits.settings import LimitsSettings
from berm.service.principal import Role
from berm.service.store import migration
from berm.service.store.opening import open_database
from berm.service.store.settings import StoreSettings

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(400)]

GOOD = {"language": "python", "code": "print(1)", "test_cases": [{"expected_output": "1"}]}
ROLES = [role.value for role in Role]


def berm(*arguments, store, **environment):
    """Run a command of Berm's on a store; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "berm", *arguments],
        env={**os.environ, "BERM_STORE_URL": store, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def new_key(store, user, role="student"):
    """Make a key as the command does, without the time that a command takes to start."""

    async def make():
        database = await open_database(StoreSettings.load({"url": store}, {}))
        try:
            return await database.run(
                keyring.create, make_key(), user, user, Role(role), ROLE_SCOPES[Role(role)], None
            )
        finally:
            await database.close()

    new = asyncio.run(make())
    return {"key": new.text, "name": new.key.name}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/berm.db"


@pytest.fixture(scope="module")
def keys(store):
    return {role: new_key(store, f"one-{role}", role)["key"] for role in ROLES}


@pytest.fixture(scope="module")
def audit_file(tmp_path_factory):
    return tmp_path_factory.mktemp("audit") / "audit.log"


@pytest.fixture(scope="module")
def service(serve, store, keys, audit_file):
    return serve(
        BERM_STORE_URL=store, BERM_AUTH_MODE="on", BERM_SERVE_WARM="python",
        BERM_LIMITS_REQUESTS_PER_MINUTE="200", BERM_SERVE_AUDIT_LOG=str(audit_file),
        BERM_LIMITS_FAILURES_PER_MINUTE="500", BERM_WEBHOOKS_KEY="k" * 40,
    ).ready()  # fmt: skip


def ask(service, entry, key):
    """Send a request to a row of the table, with nothing in it that could be served."""
    path = re.sub(r"\{\w+(:\w+)?\}", "00000000-0000-4000-8000-000000000000", entry.path)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    if entry.method == "WS":
        try:
            with connect(service.url.replace("http", "ws") + path, additional_headers=headers):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code
    with (
        httpx.Client(base_url=service.url, timeout=60) as client,
        client.stream(entry.method, path, headers=headers) as response,
    ):
        return response.status_code


@pytest.mark.parametrize("role", [*ROLES, None])
def test_every_role_on_every_route(service, keys, role):
    for entry in TABLE:
        status = ask(service, entry, keys[role] if role else None)
        if entry.scope is None:
            assert status < 400, (entry, status)
        elif role is None:
            assert status == 401, (entry, status)
        elif entry.scope in ROLE_SCOPES[Role(role)]:
            missing = 404 if "{" in entry.path else 0  # it asked for something that is not there
            assert status in (missing, 200, 101, 400, 415), (entry, status)
        else:
            assert status == 403, (entry, status)


def test_a_run_with_a_key_is_served_and_audited_without_its_code(service, keys, audit_file):
    secret = "a-very-private-variable"
    body = GOOD | {"code": f"{secret.replace('-', '_')} = 1\nprint(1)"}
    for headers in ({"authorization": f"Bearer {keys['student']}"}, {"x-api-key": keys["student"]}):
        answer = httpx.post(f"{service.url}/execute", json=body, headers=headers, timeout=60)
        assert answer.json()["summary"]["all_passed"] is True
        assert answer.headers["ratelimit-limit"] == "200"
        assert int(answer.headers["ratelimit-remaining"]) < 200
    lines = [json.loads(line) for line in audit_file.read_text().splitlines()]
    ran = [line for line in lines if line["event"] == "run"]
    assert ran[-1]["user"] == "one-student"
    assert ran[-1]["verdict"] == "AC"
    assert re.fullmatch(r"[0-9a-f]{64}", ran[-1]["sha256"])
    assert ran[-1]["execution_id"] == answer.headers["x-request-id"]
    assert audit_file.stat().st_mode & 0o777 == 0o600
    # Which key is still in use can be seen, and nothing else of it.
    assert service.logs(answer.headers["x-request-id"])
    (line,) = [
        found for text in service.logged().splitlines()
        if (found := json.loads(text))["event"] == "request"
        and found["execution_id"] == answer.headers["x-request-id"]
    ]  # fmt: skip
    assert (line["user"], line["key"]) == ("one-student", keys["student"].split("_")[1])
    everything = audit_file.read_text() + service.logged()
    assert secret.replace("-", "_") not in everything
    for key in keys.values():
        assert key not in everything
        assert key[-20:] not in everything


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"authorization": "Bearer"}, {"authorization": "Basic eDp5"},
        {"authorization": "Bearer berm_000000000000_" + "0" * 49},
        {"authorization": "Bearer " + "x" * 9000}, {"authorization": "Bearer eyJh.e30.x"},
        {"authorization": "Bearer berm_' OR 1=1 --"}, {"x-api-key": "nonsense"}, {"x-api-key": ""},
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused_alike(service, headers, refused):
    answer = httpx.post(f"{service.url}/execute", json=GOOD, headers=headers)
    refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_two_authorization_headers_are_refused(service, keys):
    headers = [
        ("authorization", f"Bearer {keys['admin']}"),
        ("authorization", f"Bearer {keys['student']}"),
    ]
    assert httpx.post(f"{service.url}/execute", json=GOOD, headers=headers).status_code == 401


def test_v1_tells_refusals_as_problems(service):
    answer = httpx.get(f"{service.url}/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:berm:problem:not-found"


def test_keys_are_rotated_and_revoked(service, store, eventually):
    def status(text):
        headers = {"authorization": f"Bearer {text}"}
        return httpx.post(f"{service.url}/execute", headers=headers, json={}).status_code

    old = json.loads(berm("keys", "create", "--user", "bob", "--json", store=store))
    assert status(old["key"]) == 400
    new = json.loads(berm("keys", "rotate", old["name"], "--grace", "1", "--json", store=store))
    assert new["user"] == "bob"
    assert new["role"] == "student"
    assert (status(old["key"]), status(new["key"])) == (400, 400)
    assert "is revoked" in berm("keys", "revoke", old["name"], store=store)
    eventually(lambda: status(old["key"]) == 401)
    assert status(new["key"]) == 400
    listed = json.loads(berm("keys", "list", "--json", store=store))
    states = {row["name"]: row["live"] for row in listed}
    assert (states[old["name"]], states[new["name"]]) == (False, True)
    assert old["key"] not in berm("keys", "list", store=store)
    assert "bob" in berm("keys", "list", store=store)
    path = StoreSettings.load({"url": store}, {}).sqlite_file()
    for file in path.parent.iterdir():
        assert new["key"].encode() not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0


def test_a_class_gets_its_keys_at_once_or_not_at_all(store, tmp_path):
    students = tmp_path / "students.txt"
    students.write_text("ann\n\n bob \nZoë\n", "utf-8")
    arguments = ("keys", "create", "--users", str(students), "--label", "exam", "--json")
    made = [json.loads(line) for line in berm(*arguments, store=store).splitlines()]
    assert [one["user"] for one in made] == ["ann", "bob", "Zoë"]
    assert len({one["key"] for one in made}) == 3
    for wrong in (b"ann\nann\n", b"\n", b"\xff\n", b"x" * 201, b"ok\na\x00b\n"):
        students.write_bytes(wrong)
        with pytest.raises(AssertionError, match=r"berm: .*(users?|UTF-8)"):
            berm(*arguments, store=store)
    listed = json.loads(berm("keys", "list", "--json", store=store))
    assert sum(row["label"] == "exam" for row in listed) == 3


def test_a_user_has_so_many_requests_and_others_theirs(serve, store, refused):
    one, two = (new_key(store, f"limited-{n}")["key"] for n in (1, 2))
    machine = new_key(store, "lms", "service")["key"]
    service = serve(
        BERM_STORE_URL=store, BERM_AUTH_MODE="on", BERM_SERVE_WARM="python",
        BERM_LIMITS_REQUESTS_PER_MINUTE="5", BERM_LIMITS_FAILURES_PER_MINUTE="3",
        BERM_LIMITS_SERVICE_RUNS_AT_A_TIME="2", BERM_LIMITS_CPU_SECONDS_PER_HOUR="1",
    ).ready()  # fmt: skip

    def post(key, body=None):
        headers = {"authorization": f"Bearer {key}"}
        return httpx.post(f"{service.url}/execute", headers=headers, json=body or {}, timeout=60)

    assert [post(one).status_code for _ in range(5)] == [400] * 5
    answer = post(one)
    assert "5 requests" in refused(answer, 429)
    assert answer.headers["ratelimit-remaining"] == "0"
    assert 1 <= int(answer.headers["retry-after"]) <= 12
    assert post(machine).status_code == 400
    # The CPU time of an hour: more than one second of it is used, and then there is none.
    burn = GOOD | {
        "code": "import time\nwhile time.process_time() < 1.5: pass\nprint(1)",
        "timeout": 10,
    }
    assert post(two, burn).json()["summary"]["all_passed"] is True
    answer = post(two, GOOD)
    assert "CPU time" in refused(answer, 429)
    assert int(answer.headers["retry-after"]) > 60
    assert post(machine, burn).json()["summary"]["all_passed"] is True
    # The machine's own limit on runs at a time.
    slow = GOOD | {"code": "import time; time.sleep(4); print(1)"}
    with ThreadPoolExecutor(3) as pool:
        statuses = [answer.status_code for answer in pool.map(post, [machine] * 3, [slow] * 3)]
    assert sorted(statuses) == [200, 200, 429]
    assert post(machine, GOOD).status_code == 200
    assert [post("x").status_code for _ in range(3)] == [401] * 3
    assert "without a valid key" in refused(post("x"), 429)


def test_a_submission_is_its_owners_and_nobody_can_tell_that_it_is_there(
    service, store, eventually
):
    """Others get, byte for byte but for the request's id, what they get for one that never was."""
    keys = {name: new_key(store, name)["key"] for name in ("owner", "other")}
    keys["teacher"] = new_key(store, "observer", "teacher")["key"]
    keys["service"] = new_key(store, "platform", "service")["key"]

    def ask_as(who, method, path, **more):
        headers = {"authorization": f"Bearer {keys[who]}", **more.pop("headers", {})}
        return httpx.request(method, service.url + path, headers=headers, timeout=60, **more)

    body = GOOD | {"code": "import time; time.sleep(0.5); print(1)", "user_id": "u1"}
    idempotent = {"headers": {"idempotency-key": "the-same"}, "json": body}
    mine = ask_as("owner", "POST", "/v1/submissions", **idempotent).json()["id"]
    nothing = "00000000-0000-4000-8000-000000000000"
    for who in ("other", "service"):
        for method, tail in (("GET", ""), ("GET", "?wait=1"), ("GET", "/events"), ("DELETE", "")):
            theirs = ask_as(who, method, f"/v1/submissions/{mine}{tail}")
            never = ask_as(who, method, f"/v1/submissions/{nothing}{tail}")
            assert theirs.status_code == never.status_code == 404, (who, method, tail)
            told = [
                {k: v for k, v in one.json().items() if k != "instance"} for one in (theirs, never)
            ]
            assert told[0] == told[1]
        for query in ("", "?owner=owner", "?user_id=u1", "?state=done"):
            assert ask_as(who, "GET", f"/v1/submissions{query}").json()["submissions"] == []
        again = ask_as(who, "POST", "/v1/submissions", **idempotent).json()
        assert (again["replayed"], again["id"] != mine) == (False, True)
        ask_as(who, "DELETE", f"/v1/submissions/{again['id']}")
        assert ask_as(who, "DELETE", "/v1/owners/owner/submissions").status_code == 403
    assert ask_as("owner", "POST", "/v1/submissions", **idempotent).json()["id"] == mine
    done = ask_as("owner", "GET", f"/v1/submissions/{mine}?wait=60").json()
    assert (done["state"], done["verdict"]) == ("done", "AC")
    assert ask_as("teacher", "GET", f"/v1/submissions/{mine}").json()["verdict"] == "AC"
    assert ask_as("teacher", "DELETE", "/v1/owners/owner/submissions").status_code == 403


def start(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "berm", "serve", "--port=0", *arguments],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_without_a_key_the_service_does_not_start_on_other_addresses(tmp_path):
    done = start("--host=0.0.0.0", BERM_STORE_URL=f"sqlite:///{tmp_path}/none.db")
    assert done.returncode == 78, done.stderr
    for advice in ("berm keys create", "issuer", "127.0.0.1", "BERM_AUTH_MODE=off"):
        assert advice in done.stderr


def test_over_a_store_that_others_share_it_waits_for_the_first_key(postgresql):
    """In a container nothing else may run than the service, and its replicas' first key is made beside one."""

    async def opened():
        settings = StoreSettings.load({"url": postgresql.database()}, {})
        await migration.migrate(settings)
        database = await open_database(settings)
        try:
            auth, limits = AuthSettings.load({}, {}), LimitsSettings.load({}, {})
            return await open_access(auth, limits, "0.0.0.0", database, lambda _: None)
        finally:
            await database.close()

    access = asyncio.run(opened())
    assert access.required
    assert access.keyring is not None
    assert access.verifier is None


def test_told_so_it_serves_everybody(serve):
    service = serve("--host=0.0.0.0", BERM_AUTH_MODE="off", BERM_SERVE_WARM="python").ready()
    url = service.url.replace("0.0.0.0", "127.0.0.1")
    assert httpx.post(f"{url}/execute", json=GOOD, timeout=60).status_code == 200
    assert "everybody who reaches this address" in service.logged()


def test_on_loopback_nobody_needs_a_key_but_proxies_and_foreign_names_are_refused(serve, refused):
    service = serve(BERM_SERVE_WARM="python").ready()
    for _ in range(40):  # more than a user's requests in a minute
        assert httpx.post(f"{service.url}/execute", json=GOOD | {"user_id": "x"}).status_code == 200
    for headers in ({"x-forwarded-for": "192.0.2.1"}, {"host": "evil.example"}, {"via": "1.1 x"}):
        answer = httpx.post(f"{service.url}/execute", json=GOOD, headers=headers)
        assert "[auth] mode" in refused(answer, 403)
    assert httpx.get(f"{service.url}/healthz", headers={"host": "pod.example"}).status_code == 200


def test_config_shows_no_secret(store):
    shown = berm(
        "config", "show", store="postgresql://berm:hunter2hunter2@localhost/x",
    )  # fmt: skip
    assert "hunter2" not in shown
    assert json.loads(shown)["auth"]["mode"] == "auto"
