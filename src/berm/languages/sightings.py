"""What verifying runs of a toolchain's programs said, so that they need not run again.

Kept in this process, and, where asked for, in a file of the user's cache directory. An answer is
believed as long as the program's file is the very same (device, inode, times, size, and that of what
its name leads to), and nothing was installed or removed by the package manager since. Answers of
scripts are not written to the file: what a script starts can change while it stays the same (pyenv's
shims are such).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PACKAGES = ("/var/lib/dpkg/status", "/lib/apk/db/installed", "/var/lib/rpm/rpmdb.sqlite")
_MOST = 2000
_LARGEST = 4 * 1024 * 1024
_SHARED_WRITE = 0o022


@dataclasses.dataclass(frozen=True, slots=True)
class Ran:
    """How one verifying run ended, and what it wrote."""

    exit_code: int
    output: str


class Sightings:
    """Verifying runs, each made once. Safe to use from several threads.

    Attributes:
        path: the file that keeps them, or None to remember in this process alone. A file that
            others can write, or that belongs to another user, is not believed and not written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen: dict[str, Ran] = {}
        self._kept: dict[str, Ran] | None = None
        self._changed = False

    def of(
        self, command: tuple[str, ...], files: Sequence[str], run: Callable[[tuple[str, ...]], Ran]
    ) -> Ran:
        """Return what ``run(command)`` gave when these files were the same, or run it.

        Raises:
            OSError: a file is not there, or the command cannot be started.
        """
        key = _digest([command, *(_identity(path) for path in files)])
        with self._lock:
            ran = self._seen.get(key) or self._read().get(key)
        if ran is None:
            ran = run(command)
            if ran.exit_code == 0 and self.path is not None and not _is_script(files[0]):
                with self._lock:
                    self._read()[key] = ran
                    self._changed = True
        with self._lock:
            self._seen[key] = ran
        return ran

    def save(self) -> None:
        """Write what is new to the file; silently does without where that is not possible."""
        with self._lock:
            if self.path is None or not self._changed or self._kept is None:
                return
            self._changed = False
            recent = list(self._kept.items())[-_MOST:]
        table = {
            "state": _state(),
            "seen": {key: [ran.exit_code, ran.output] for key, ran in recent},
        }
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(self.path.parent):
                return
            fd, name = tempfile.mkstemp(dir=self.path.parent, prefix=".toolchains-")
            with os.fdopen(fd, "w", encoding="utf-8") as stream:
                json.dump(table, stream)
            Path(name).replace(self.path)

    def _read(self) -> dict[str, Ran]:
        """Return what the file holds, read once; nothing if anything about it is odd."""
        if self._kept is None:
            self._kept = {}
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                self._kept = self._load()
        return self._kept

    def _load(self) -> dict[str, Ran]:
        if self.path is None or not _is_ours(self.path.parent) or not _is_ours(self.path):
            return {}
        with self.path.open("rb") as stream:
            table = json.loads(stream.read(_LARGEST))
        if table["state"] != _state():
            return {}
        return {str(k): Ran(int(code), str(text)) for k, (code, text) in table["seen"].items()}


@functools.cache
def shared(path: Path | None) -> Sightings:
    """Return this process's one memory of a file."""
    return Sightings(path)


def usual_path(environ: Mapping[str, str]) -> Path | None:
    """Return where this user's sightings are kept, or None for a user without a home."""
    base = environ.get("XDG_CACHE_HOME", "")
    if not base.startswith("/"):
        home = environ.get("HOME", "")
        if not home.startswith("/") or home == "/":
            return None
        base = f"{home}/.cache"
    return Path(base, "berm", "toolchains.json")


def _is_ours(path: Path) -> bool:
    stat = path.lstat()
    return stat.st_uid == os.geteuid() and not stat.st_mode & _SHARED_WRITE


def _is_script(path: str) -> bool:
    with Path(path).open("rb") as stream:
        return stream.read(2) == b"#!"


def _identity(path: str) -> list[object]:
    stat = Path(path).stat()
    own = Path(path).lstat()
    return [
        path, os.path.realpath(path),
        *(stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size),
        *(own.st_ino, own.st_mtime_ns),
    ]  # fmt: skip


def _state() -> str:
    """Return what changes whenever the package manager does something."""
    found: list[object] = []
    for path in _PACKAGES:
        with contextlib.suppress(OSError):
            stat = Path(path).stat()
            found.append([path, stat.st_mtime_ns, stat.st_size])
    return _digest(found)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
