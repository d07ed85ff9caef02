"""Replicas of the service for benchmarks: started as users start them, killed as machines kill them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

START_SECONDS = 240


class Replica:
    """``berm serve`` in a process of its own, on a free port of the loopback."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *arguments: str,
        processor: int | None = None,
        **environment: str,
    ) -> None:
        """Prepare; it and all that it starts stay on one processor where one is given."""
        self.name = name
        self._bound = () if processor is None else ("taskset", "--cpu-list", str(processor))
        self._folder = folder
        self._arguments = arguments
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.starts = 0

    def start(self) -> Replica:
        self.url = ""
        self.starts += 1
        with (self._folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._bound,
                    *(sys.executable, "-m", "berm", "serve", "--port=0", "--log-format=json"),
                    *self._arguments,
                ],
                env={**os.environ, "BERM_SERVE_REPLICA": self.name, **self._environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://[^ ]+", line):
                self.url = found[0]
        process.stdout.close()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self) -> Replica:
        """Wait until it answers."""
        deadline = time.monotonic() + START_SECONDS
        while not self.url:
            assert self.alive, f"{self.name} ended; see its log in {self._folder}"
            assert time.monotonic() < deadline, f"{self.name} does not start"
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """End it as a machine that burns would: no signal that it could see."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self.url = ""

    def stop(self) -> int:
        """End it properly; return its exit code."""
        assert self._process is not None
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()
