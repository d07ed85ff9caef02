"""A service of the benchmark's own, and clients that keep their connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from berm.bench import spawning
from berm.errors import CellError

_START: Final = 240.0
_STOP: Final = 60.0
_CALM: Final = 0.05
_QUIET: Final = 3
"""Seconds in a row in each of which a calm service takes less than ``_CALM`` seconds of CPU time."""


class Service:
    """``berm serve`` on a free port of the loopback, with a store of its own."""

    def __init__(self, folder: Path, plan: str, processors: Collection[int] = ()) -> None:
        """Keep what it needs below ``folder``; with ``processors`` it and its cells run on those only."""
        self._folder = folder
        self._plan = plan
        self._processors = processors
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """Its process id, 0 before it was started."""
        return self._process.pid if self._process is not None else 0

    async def __aenter__(self) -> Self:
        """Start it, and wait until it takes requests."""
        said = self._folder / "service.out"
        env = {name: value for name, value in os.environ.items() if not name.startswith("BERM_")}
        env |= {
            "BERM_STORE_URL": f"sqlite:///{self._folder}/bench.db",
            "BERM_ISOLATION_PLAN": self._plan,
        }
        with said.open("wb") as out, (self._folder / "service.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - vfork and exec: no waiting
                [sys.executable, "-m", "berm", "serve", "--port=0", "--log-format=json"],
                stdout=out,
                stderr=log,
                env=env,
                cwd=self._folder,
            )
        if self._processors:
            os.sched_setaffinity(self._process.pid, self._processors)
        deadline = time.monotonic() + _START
        while not (found := re.search(rb"http://[^ ]+", said.read_bytes())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                await self.__aexit__()
                log_text = (self._folder / "service.log").read_text("utf-8", "replace")
                raise CellError("The service does not start.", meaning=log_text[-1500:])
            await asyncio.sleep(0.05)
        self.url = found[0].decode("ascii")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it as an operator does."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._process.wait, _STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    async def calm(self) -> None:
        """Wait until it has prepared its toolchains and started the runtimes that wait."""
        deadline = time.monotonic() + _START
        quiet = 0
        while quiet < _QUIET and time.monotonic() < deadline:
            before = spawning.cpu_of([self.pid])
            await asyncio.sleep(1.0)
            quiet = quiet + 1 if spawning.cpu_of([self.pid]) - before < _CALM else 0

    async def client(self) -> Client:
        """Return a new client with a connection of its own."""
        address = urlsplit(self.url)
        return await Client.open(str(address.hostname), int(address.port or 80))


class Client:
    """One connection, one request at a time."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def open(cls, host: str, port: int) -> Client:
        """Connect."""
        reader, writer = await asyncio.open_connection(host, port)
        return cls(reader, writer, f"{host}:{port}")

    async def execute(self, language: str, code: str, tests: list[tuple[str, str]]) -> int:
        """Judge a program; return how many tests it passed. Raises :class:`CellError` for a refusal."""
        cases = [{"input": given, "expected_output": wanted} for given, wanted in tests]
        body = json.dumps({"language": language, "code": code, "test_cases": cases}).encode()
        status, answer = await self._post("/execute", body)
        if status != 200:
            raise CellError(f"The service answered {status}: {str(answer)[:200]}.")
        return int(answer["summary"]["passed"])

    async def _post(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode("ascii") + body)
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        data = await self._reader.readexactly(int(fields["content-length"]))
        return int(lines[0].split()[1]), json.loads(data)

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
