"""An innocent process of the host, and texts that are recognised wherever they turn up."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

ENV_SECRET = "BERM_AUDIT_SECRET"  # noqa: S105 - the variable's name
_PATIENCE = 60.0


class Canaries:
    """Random texts with a name each, to be recognised wherever they turn up."""

    def __init__(self) -> None:
        """Begin with none."""
        self._names: dict[bytes, str] = {}

    def new(self, name: str) -> str:
        """Return a new text; ``name`` says where it was put."""
        return self.known("bermcanary-" + secrets.token_hex(16), name)

    def known(self, text: str, name: str) -> str:
        """Recognise a text that exists already."""
        self._names[text.encode()] = name
        return text

    def found(self, data: bytes) -> list[str]:
        """Return the names of all canaries in ``data``."""
        return [name for text, name in self._names.items() if text in data]


class Bystander:
    """The client of ``attacks/parts/bystander.py``, an innocent process of the host."""

    def __init__(self, canaries: Canaries) -> None:
        """Start it with this process's uid, one secret in its arguments, one in its environment."""
        script = resources.files("berm.audit") / "attacks" / "parts" / "bystander.py"
        with resources.as_file(script) as path:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(path), canaries.new("a bystander's arguments")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={ENV_SECRET: canaries.new("a bystander's environment")},
                start_new_session=True,
            )
            try:
                self.ask({"do": "report"})  # it has read its file by now
            except BaseException:
                self.close()
                raise

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        """Send one request and return the answer; raises OSError if it does not answer."""
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        if pipe_in is None or pipe_out is None:
            raise BrokenPipeError("the bystander was started without pipes")
        pipe_in.write(json.dumps(request).encode() + b"\n")
        pipe_in.flush()
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([pipe_out], [], [], _PATIENCE)[0]:
                raise TimeoutError("the bystander does not answer")
            chunk = os.read(pipe_out.fileno(), 65536)
            if not chunk:
                raise BrokenPipeError("the bystander is gone")
            line += chunk
        answer: dict[str, Any] = json.loads(line)
        return answer

    def evidence(self) -> list[str]:
        """What was done to it."""
        if self._process.poll() is not None:
            return [f"the bystander was killed (status {self._process.returncode})"]
        harm = []
        if _process_state(self.pid) in "Tt":
            harm.append("the bystander was stopped")
            os.kill(self.pid, signal.SIGCONT)
        try:
            return harm + [
                f"the bystander: {event}" for event in self.ask({"do": "report"})["events"]
            ]
        except OSError as error:
            return [*harm, f"the bystander no longer answers ({error})"]

    def close(self) -> None:
        """End it; it removes what it staged."""
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGCONT)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _process_state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"
