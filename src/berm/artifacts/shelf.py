"""What toolchains were prepared with, on disk: made once a machine, by stages in cells, kept by content.

Only Berm writes here, from what a cell made of files that come with Berm and of the toolchain; no
submission ever was in such a cell, and no cell can write to a shelf. A directory that somebody else
could write to is not used, and every file is hashed when a process uses it for the first time.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import io
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from berm.artifacts import identity
from berm.cell.files import File
from berm.config import Config
from berm.errors import BermError, CellError, ConfigError
from berm.languages import Language
from berm.languages.preparation import PrepareRule, Stage
from berm.languages.read_paths import closed_directory

Perform = Callable[[Stage, Mapping[str, File]], Awaitable[Mapping[str, File]]]
"""Performs one stage with these files in its directory, and returns what it made."""

WAIT: Final = 300.0
"""Seconds for all stages of one toolchain, other processes' included."""

_PAUSE: Final = 0.5
_FORMAT: Final = "berm prepared 1"
_MANIFEST: Final = "manifest.json"
_LOCK: Final = ".lock"


class Shelf:
    """The prepared toolchains of one directory."""

    def __init__(self, candidates: Iterable[Path], baked: Path | None = None) -> None:
        """Use the first of the directories that can be made, is nobody else's, and is open to cells.

        Args:
            candidates: where preparations are made.
            baked: where they may lie ready, made with this command's own ``prepare`` when an image was
                built, and read-only since. A :class:`ConfigError` if anybody but root could change it.
        """
        self.problem = "there is no directory for it"
        self.baked = None if baked is None else _unchangeable(baked)
        self._base: Path | None = None
        self._ready: dict[str, str] = {}
        self._locks: dict[str, int] = {}
        for path in candidates:
            try:
                self._base = _own(path)
            except (OSError, ConfigError) as error:
                self.problem = str(error)
                continue
            self.problem = ""
            return

    @property
    def directory(self) -> Path | None:
        """Where it is, None if there is no place for it."""
        return self._base

    def close(self) -> None:
        """Let go of what this process used."""
        for fd in self._locks.values():
            os.close(fd)
        self._locks.clear()
        self._ready.clear()

    def path(self, language: Language) -> str:
        """Return the directory of a prepared toolchain, or an empty string; asks no disk."""
        return self._ready.get(language.name, "")

    async def look(self, language: Language) -> str:
        """Return :meth:`path`, after looking on the disk for what an earlier process left."""
        if language.definition.prepare is None or not language.available:
            return ""
        if language.name not in self._ready:
            self._ready[language.name] = ""
            await asyncio.to_thread(self._find, language)
        return self.path(language)

    async def prepare(self, language: Language, perform: Perform) -> str:
        """Return the directory of a toolchain's preparation, and make it first where it is missing.

        While another process is at it, this one waits. An empty string where there is nothing to
        prepare or no place for it. Raises :class:`CellError` if a stage fails.
        """
        rule = language.definition.prepare
        if await self.look(language) or rule is None or self._base is None:
            return self.path(language)
        target = self._base / _name(language, rule)
        lock = os.open(
            self._base / (target.name + _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            async with asyncio.timeout(WAIT):
                while not await asyncio.to_thread(_intact, target):
                    if _locked(lock):
                        await self._make(target, language, rule, perform)
                        break
                    await asyncio.sleep(_PAUSE)
        finally:
            os.close(lock)
        await asyncio.to_thread(self._find, language)
        return self.path(language)

    async def _make(
        self, target: Path, language: Language, rule: PrepareRule, perform: Perform
    ) -> None:
        await asyncio.to_thread(shutil.rmtree, target, ignore_errors=True)
        files = {name: File(data) for name, data in rule.files.items()}
        made = {name: files[name].data for name in rule.keep}
        await asyncio.to_thread(_write, target, made)
        hashes = _hashes(made)
        for stage in language.preparation(str(target)):
            collected = await perform(stage, files)
            placed = _placed(stage, collected)
            await asyncio.to_thread(_write, target, placed)
            hashes |= await asyncio.to_thread(_hashes, placed)
        await asyncio.to_thread(_finish, target, hashes)
        await asyncio.to_thread(self._sweep, language, target.name)

    def _find(self, language: Language) -> None:
        rule = language.definition.prepare
        if rule is None or language.name in self._locks:
            return
        name = _name(language, rule)
        if self.baked is not None and _intact(self.baked / name):
            self._ready[language.name] = str(self.baked / name)  # nobody removes it: no lock
            return
        if self._base is None:
            return
        target = self._base / name
        try:
            lock = os.open(self._base / (target.name + _LOCK), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # held: nobody removes it meanwhile
        except BlockingIOError:
            os.close(lock)
            return
        if not _intact(target):
            os.close(lock)
            return
        self._locks[language.name] = lock
        self._ready[language.name] = str(target)

    def _sweep(self, language: Language, current: str) -> None:
        """Remove what older toolchains of this language were prepared with, where nobody uses it."""
        if self._base is None:
            return
        for path in self._base.glob(f"{language.name}-*{_LOCK}"):
            name = path.name.removesuffix(_LOCK)
            if name == current:
                continue
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(self._base / name, ignore_errors=True)
                path.unlink()
            except OSError:
                continue
            finally:
                os.close(fd)


def places(config: Config, *, hides: bool) -> list[Path]:
    """Return where the shelf may be, best first.

    ``hides`` is true where cells have a ``/tmp`` and a ``/work`` of their own, so that nothing of the
    host's shows there.
    """
    if config.cache_directory:
        return [Path(config.cache_directory)]
    uid = os.geteuid()
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    found = [Path("/var/cache/berm") if uid == 0 else Path(cache, "berm")]
    found += [Path(f"/var/tmp/berm-cache-{uid}"), Path(config.run_dir, f"berm-cache-{uid}")]  # noqa: S108
    own = ("/tmp", "/work") if hides else ()  # noqa: S108
    return [path for path in found if not any(path.is_relative_to(name) for name in own)]


def _own(path: Path) -> Path:
    """Make a directory that cells can read and only this user can write; raises if it is another's."""
    if not path.is_absolute():
        raise ConfigError(f"cache.directory is {str(path)!r}.", remedy="Give an absolute path.")
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o755)
        path.chmod(0o755)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise ConfigError(
            f"{path} is not this user's alone, so that others could change what compilers read.",
            remedy="Remove it, or name another directory: cache.directory.",
        )
    if os.geteuid() == 0 and (closed := closed_directory(str(path))):
        raise ConfigError(
            f"{path} lies below {closed}, which only root may enter, and cells are not root.",
            remedy="Name another directory: cache.directory.",
        )
    if not os.access(path, os.W_OK):
        raise ConfigError(f"{path} cannot be written.", remedy="Name another: cache.directory.")
    return path


def _unchangeable(path: Path) -> Path:
    """Return a directory that nobody but root or this user can change; raises if it is another."""
    try:
        for folder in (path, *path.parents):
            found = folder.stat()
            # A sticky directory such as /tmp lets nobody rename what is another's.
            loose = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, os.geteuid()) or loose:
                raise ConfigError(
                    f"cache.baked is {path}, and others could change {folder}.",
                    remedy="Make it root's and writable for root alone, or set no cache.baked.",
                )
    except OSError as error:
        raise ConfigError(
            f"cache.baked is {path}, which cannot be looked at: {error.strerror}.",
            remedy="Make it with `berm prepare DIRECTORY`, or set no cache.baked.",
        ) from error
    return path


def _name(language: Language, rule: PrepareRule) -> str:
    """Name a preparation by everything that it is made of, whatever machine it is on."""
    stages = [[*stage.command, *stage.collect, stage.place, stage.pack] for stage in rule.stages]
    parts = [
        _FORMAT,
        json.dumps(stages),
        *(f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in rule.files.items()),
        *(identity.of_contents(path) for path in language.tool_paths.values()),
        language.version,
    ]
    return f"{language.name}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]}"


def _placed(stage: Stage, made: Mapping[str, File]) -> dict[str, bytes]:
    if not made:
        raise CellError(f"Preparing a toolchain gave nothing: {' '.join(stage.step.argv)[:200]}.")
    if not stage.rule.pack:
        return {str(Path(stage.rule.place, name)): file.data for name, file in made.items()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as pack:
        for name, file in sorted(made.items()):
            pack.writestr(zipfile.ZipInfo(name), file.data)
    return {stage.rule.pack: archive.getvalue()}


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    target.mkdir(mode=0o755, exist_ok=True)
    target.chmod(0o755)
    for name, data in files.items():
        path = target / name
        for parent in reversed(path.relative_to(target).parents):
            (target / parent).mkdir(mode=0o755, exist_ok=True)
            (target / parent).chmod(0o755)
        path.write_bytes(data)
        path.chmod(0o644)
        if stamp := os.environ.get("SOURCE_DATE_EPOCH", ""):
            # A class-data archive remembers how old the files were, and an image has one age for all.
            os.utime(path, (int(stamp), int(stamp)))


def _finish(target: Path, hashes: Mapping[str, str]) -> None:
    """Write the manifest, last: what has none is not complete."""
    staged = target / (_MANIFEST + ".new")
    _write(target, {staged.name: json.dumps(hashes, sort_keys=True).encode()})
    staged.rename(target / _MANIFEST)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def _intact(target: Path) -> bool:
    """True if a preparation is complete and its files are what was written."""
    try:
        hashes = json.loads((target / _MANIFEST).read_text("utf-8"))
        for name, wanted in hashes.items():
            with (target / name).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != wanted:
                    return False
    except (OSError, ValueError, AttributeError, BermError):
        return False
    return bool(hashes)
