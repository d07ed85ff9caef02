"""Who the tests run as: this user, and, where this user is root, an ordinary one as well.

The ordinary user gets a copy of the sources that everybody may read and a Python that it may
execute, because the checkout and the virtual environment may lie in a private home.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pwd
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from berm.audit.bystander import ENV_SECRET

SOURCES = Path(__file__).resolve().parents[2] / "src"
ANSWER_SECONDS = 240


@dataclasses.dataclass(frozen=True)
class Person:
    """A user with a home, a Python and the sources of Berm.

    Attributes:
        uid: who it is; None for the user of the tests.
        python: an interpreter that it may execute.
        folder: readable by it: holds ``src`` and this folder's programs; its home is below.
    """

    uid: int | None
    python: str
    folder: Path

    @property
    def home(self) -> Path:
        """Its own directory."""
        return self.folder / "home"

    def environment(self) -> dict[str, str]:
        """What a login would give it, a secret, and Berm's sources."""
        return {
            "HOME": str(self.home),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.folder / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            ENV_SECRET: "bermcanary-" + secrets.token_hex(16),
        }

    def start(self, arguments: Sequence[str], stderr: int) -> subprocess.Popen[bytes]:
        """Start a Python program as this user."""
        drop: dict[str, Any] = {}
        if self.uid is not None:
            drop = {"user": self.uid, "group": self.uid, "extra_groups": []}
        return subprocess.Popen(
            [self.python, *arguments],
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            **drop,
        )


@contextlib.contextmanager
def person(ordinary: bool) -> Iterator[Person]:
    """Make a user's folder. Raises LookupError if there can be no such user here."""
    uid = None
    if ordinary and os.geteuid() == 0:
        uid = _free_uid()
    if not ordinary and os.geteuid() != 0:
        raise LookupError("this user is not root")
    with tempfile.TemporaryDirectory(prefix="berm-hostile-") as name:
        folder = Path(name)
        shutil.copytree(SOURCES, folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(Path(__file__).with_name("bare.py"), folder)
        (folder / "home").mkdir()
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if uid is not None:
            os.chown(folder / "home", uid, uid)
        try:
            yield Person(uid, _python_for(uid), folder)
        finally:
            if uid is not None:  # where cells hide a home below /tmp, toolchains are prepared here
                shutil.rmtree(f"/var/tmp/berm-cache-{uid}", ignore_errors=True)


def _free_uid() -> int:
    """Return a uid that no account and no process has."""
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            int(process.name)
            taken.add(process.stat().st_uid)
    return next(uid for uid in range(20000 + os.getpid() % 10000, 60000) if uid not in taken)


def _python_for(uid: int | None) -> str:
    if uid is None:
        return sys.executable
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                user=uid,
                group=uid,
                extra_groups=[],
                cwd="/",
                env={},
                check=True,
                timeout=30,
                capture_output=True,
            )
            return python
    raise LookupError("no Python from 3.11 on that an ordinary user may execute")


class Talker:
    """A program of this folder that answers each line with one JSON line."""

    def __init__(self, who: Person, arguments: Sequence[str]) -> None:
        """Start it."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self.process = who.start(arguments, self._errors.fileno())
        self._pending = b""

    def ask(self, line: str) -> Mapping[str, Any]:
        """Send a line and return the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.hear()

    def hear(self) -> Mapping[str, Any]:
        """Return the next answer; fails with what the program wrote on standard error."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + ANSWER_SECONDS
        while b"\n" not in self._pending:
            wait = max(0.0, deadline - time.monotonic())
            assert select.select([self.process.stdout], [], [], wait)[0], "no answer in time"
            chunk = os.read(self.process.stdout.fileno(), 1 << 20)
            assert chunk, f"it ended: {self._said()}"
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        answer: Mapping[str, Any] = json.loads(line)
        return answer

    def _said(self) -> str:
        self.process.wait(30)
        self._errors.seek(0)
        return self._errors.read()[-4000:].decode("utf-8", "replace")

    def close(self, last_word: Callable[[], None] = lambda: None) -> None:
        """End its input, let ``last_word`` hear what it says then, and wait for its end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            last_word()
        finally:
            self.process.stdout.close()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self._errors.close()
