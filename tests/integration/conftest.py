"""What tests on the real kernel share: a service in a process of its own, an engine, a judge."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

import berm
from berm.cell import builder
from berm.judge import Judge

START_SECONDS = 180


def descendants(pid: int) -> set[int]:
    """Return the processes below ``pid``, itself excluded."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = Path(f"/proc/{entry}/stat").read_bytes()
                parents[int(entry)] = int(stat.rpartition(b")")[2].split()[1])
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        below = {child for child, of in parents.items() if of == parent} - found
        found |= below
        waiting += below
    return found


def alive(pids: set[int]) -> set[int]:
    """Return those processes that still run (zombies that init has to fetch do not)."""
    left = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_bytes()
            if stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X"):
                left.add(pid)
    return left


def eventually(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait until ``condition`` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Service:
    """``berm serve`` as a user starts it, on a free port."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "berm",
                    "serve",
                    "--port=0",
                    "--log-format=json",
                    *arguments,
                ],
                env={
                    **os.environ,
                    "BERM_STORE_URL": f"sqlite:///{folder}/berm.db",
                    **environment,
                },
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.url = ""
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(r"http://[^ ]+", line):
                self.url = found[0]

    def ready(self) -> Service:
        """Wait until requests are answered."""
        deadline = time.monotonic() + START_SECONDS
        while not self.url:
            assert self.process.poll() is None, self.logged()
            assert time.monotonic() < deadline, self.logged()
            time.sleep(0.02)
        return self

    def below(self) -> set[int]:
        """Return its processes: fork servers, agents, programs."""
        return descendants(self.process.pid)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def logged(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def logs(self, text: str, seconds: float = 10) -> bool:
        """Wait until it has written this: a request's line comes when its answer has gone out."""
        deadline = time.monotonic() + seconds
        while text not in self.logged():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def ended(self, seconds: float = 20) -> int:
        """Wait for the process; return its exit code."""
        return self.process.wait(seconds)

    def stop(self) -> None:
        """End it, whatever the test did to it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(name="alive", scope="session")
def _alive() -> Callable[[set[int]], set[int]]:
    return alive


@pytest.fixture(name="descendants", scope="session")
def _descendants() -> Callable[[int], set[int]]:
    return descendants


@pytest.fixture(name="eventually", scope="session")
def _eventually() -> Callable[..., None]:
    return eventually


def _refused(response: httpx.Response, status: int) -> str:
    """Check the one shape of errors; return the text."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error", "execution_id", "timestamp"}
    assert re.fullmatch(r"[0-9a-f-]{36}", body["execution_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", body["timestamp"])
    return str(body["error"])


@pytest.fixture(name="refused", scope="session")
def _refused_fixture() -> Callable[[httpx.Response, int], str]:
    return _refused


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """``serve(*arguments, **environment)`` starts a service; all of them end with the module."""
    started: list[Service] = []

    def start(*arguments: str, **environment: str) -> Service:
        service = Service(tmp_path_factory.mktemp("service"), *arguments, **environment)
        started.append(service)
        return service

    yield start
    for service in started:
        service.stop()


@pytest.fixture(scope="module")
async def engine() -> AsyncIterator[berm.Engine]:
    """An engine with the usual settings; a module that wants others has an ``engine`` of its own."""
    async with berm.Engine() as opened:
        yield opened


@pytest.fixture(scope="module")
async def judge(engine: berm.Engine) -> AsyncIterator[Judge]:
    async with Judge(engine) as made:
        yield made


@pytest.fixture
def connect(service: Service) -> Iterator[Callable[[], socket.socket]]:
    """Open plain connections to the module's ``service``."""
    url = httpx.URL(service.url)
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(
            socket.create_connection((url.host, url.port), timeout=30)
        )


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """``changed(lines)``: fork servers are started from a copy of the launcher with more lines."""

    def change(lines):
        copy = tmp_path / "berm_cell"
        shutil.copytree(builder.LAUNCHER, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for name, text in lines.items():
            with (copy / name).open("a") as file:
                file.write("\n\n" + text)
        monkeypatch.setattr(builder, "LAUNCHER", copy)

    return change
