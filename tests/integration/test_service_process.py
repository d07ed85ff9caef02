"""The life of a service process: start, drain, signals, exit codes, and what is left of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.requires_isolation


def body(code, timeout=10.0, tests=1):
    return {
        "language": "python",
        "code": code,
        "test_cases": [{"expected_output": "done"}] * tests,
        "timeout": timeout,
    }


def sleeping(seconds):
    return body(f"import time; time.sleep({seconds}); print('done')")


class Request(threading.Thread):
    """One request on the side; ``answer`` is its response or its exception."""

    def __init__(self, service, content):
        super().__init__()
        self.service, self.content, self.answer = service, content, None
        self.start()

    def run(self):
        try:
            with self.service.client() as client:
                self.answer = client.post("/execute", json=self.content)
        except httpx.HTTPError as error:
            self.answer = error


@pytest.fixture
def under_way():
    """Start a request and return it while its program runs."""

    def start(service, content):
        request = Request(service, content)
        time.sleep(1)
        assert request.answer is None, request.answer
        return request

    return start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(serve, under_way, alive, eventually, number):
    service = serve().ready()
    request = under_way(service, sleeping(2))
    everything = service.below()
    service.process.send_signal(number)
    time.sleep(0.3)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{service.url}/healthz")
    assert service.ended() == 0
    request.join()
    assert request.answer.status_code == 200
    assert request.answer.json()["summary"]["all_passed"]
    assert everything
    eventually(lambda: not alive(everything))


def test_a_drain_has_an_end(serve, under_way, alive, eventually):
    service = serve(BERM_SERVE_DRAIN="1").ready()
    request = under_way(service, sleeping(9))
    everything = service.below()
    started = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert service.ended() == 0
    assert time.monotonic() - started < 6
    request.join()
    assert request.answer.status_code == 503
    assert "stopping" in request.answer.json()["error"]
    assert request.answer.headers["retry-after"]
    eventually(lambda: not alive(everything))


def test_a_second_signal_ends_it_at_once(serve, under_way, alive, eventually):
    service = serve().ready()
    request = under_way(service, sleeping(9))
    everything = service.below()
    started = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    service.process.send_signal(signal.SIGTERM)
    assert service.ended() == 0
    assert time.monotonic() - started < 6
    request.join()
    assert request.answer.status_code == 503
    assert "stopping" in request.answer.json()["error"]
    assert request.answer.headers["retry-after"]
    eventually(lambda: not alive(everything))


def test_a_signal_while_it_starts(serve):
    for delay in (0.3, 0.6, 0.9, 1.2):
        service = serve()
        time.sleep(delay)
        service.process.send_signal(signal.SIGTERM)
        # Before Python has set its handlers, the signal itself ends it; nothing has been started then.
        assert service.ended() in (0, -signal.SIGTERM)


def test_an_idle_connection_does_not_hold_the_drain(serve):
    service = serve().ready()
    with service.client() as client:
        assert client.get("/healthz").status_code == 200
        started = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.ended() == 0
        assert time.monotonic() - started < 5


def test_a_kill_leaves_nothing(serve, under_way, alive, eventually):
    service = serve().ready()
    mounts = len(Path("/proc/self/mountinfo").read_text().splitlines())
    request = under_way(service, sleeping(9))
    everything = service.below()
    assert len(everything) >= 2
    service.process.kill()
    assert service.ended() == -signal.SIGKILL
    request.join()
    eventually(lambda: not alive(everything))
    assert len(Path("/proc/self/mountinfo").read_text().splitlines()) == mounts


def test_a_client_that_goes_frees_its_cells(serve, eventually):
    service = serve(BERM_POOL_RUNS_AT_A_TIME="1").ready()
    with service.client() as client:
        baseline = len(service.below())
        client.post("/execute", json=sleeping(0)).raise_for_status()
        url = httpx.URL(service.url)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{url}/execute", json=body("import time; time.sleep(9)", tests=20), timeout=1
            )
        # There is one turn only: this one gets it as soon as the other is given up.
        started = time.monotonic()
        answer = client.post("/execute", json=sleeping(0))
        assert answer.json()["summary"]["all_passed"]
        assert time.monotonic() - started < 4
        eventually(lambda: len(service.below()) == baseline)
    assert '"status": 499' in service.logged()


def test_a_client_that_goes_while_it_compiles(serve, requires_compiler):
    service = serve(BERM_POOL_RUNS_AT_A_TIME="1").ready()
    slow = '#include <bits/stdc++.h>\n#include <regex>\nint main() { std::regex r("a"); }\n'
    with service.client() as client:
        client.post("/execute", json=sleeping(0)).raise_for_status()
        content = body(slow) | {"language": "cpp"}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{service.url}/execute", json=content, timeout=0.4)
        assert client.post("/execute", json=sleeping(0)).json()["summary"]["all_passed"]


@pytest.fixture
def requires_compiler(refuse):
    from berm.languages.registry import Registry

    if not Registry.open().find("cpp").available:
        refuse("toolchains", "not installed: cpp")


def test_it_is_ready_when_it_answers(serve):
    service = serve()
    url = None
    while url is None:
        assert service.process.poll() is None, service.logged()
        url = service.url or None
        time.sleep(0.005)
    assert httpx.get(f"{url}/readyz").json() == {"status": "ready"}


# --- it does not start ----------------------------------------------------------------------------


def test_a_port_in_use(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = serve(f"--port={taken.getsockname()[1]}")
        assert service.ended() == 69
    assert "the port is in use" in service.logged()
    assert "--port" in service.logged()
    assert "Traceback" not in service.logged()


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--host", "203.0.113.1"], {}, "not one of this machine"),
        (["--host", "no such host"], {}, "no such address"),
    ],
)
def test_a_wrong_address(serve, arguments, environment, words):
    service = serve(*arguments, **environment)
    assert service.ended() == 69
    assert words in service.logged()


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ([], {"BERM_SERVE_PROT": "1"}, "Did you mean port?"),
        ([], {"BERM_ISOLATION_REQUIRE": "everything"}, "everything"),
        (["--config", "/nowhere/berm.toml"], {}, "/nowhere/berm.toml"),
        (["--test-files", "/nowhere"], {}, "test_files"),
        (["--log-format", "xml"], {}, "--log-format"),
        (
            [],
            {
                "BERM_ISOLATION_PLAN": "confined",
                "BERM_ISOLATION_LANDLOCK_ABI": "0",
                "BERM_ISOLATION_REQUIRE": "strict",
            },
            "berm doctor",
        ),
    ],
)
def test_what_cannot_be_held_or_set_ends_with_78(serve, arguments, environment, words):
    service = serve(*arguments, **environment)
    assert service.ended(60) == 78
    assert words in service.logged()
    assert "Traceback" not in service.logged()
    assert not service.url


def test_ports_zero_and_ipv6(serve):
    if not os.path.exists("/proc/net/if_inet6") or not Path("/proc/net/if_inet6").read_text():
        pytest.skip("no IPv6 here")
    service = serve("--host", "::1").ready()
    assert service.url.startswith("http://[::1]:")
    assert httpx.get(f"{service.url}/healthz").status_code == 200


def test_doctor_tells_of_its_pools(serve):
    running = serve().ready()
    with running.client() as client:
        for _ in range(2):
            client.post("/execute", json=body("print(1)")).raise_for_status()
    command = [sys.executable, "-m", "berm", "doctor", "--service", running.url]
    done = subprocess.run([*command, "--json"], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert 0 < told["pool"]["floor"] <= told["pool"]["ceiling"]
    pool = next(pool for pool in told["service"]["pools"] if pool["profile"] == "python")
    assert pool["hits"] + pool["misses"] >= 2
    assert 0 <= pool["age_seconds"] < 3600
    assert pool["recycled"] == 0
    assert set(told["service"]["waiting_runtimes"]) >= {"waiting", "hits", "misses", "failed"}
    assert set(told["service"]["compile_cache"]) >= {"entries", "hits", "joined", "evicted"}
