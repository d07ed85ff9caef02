"""Test data by name: files of one configured folder, and nothing else on the machine.

A client names a file; what is opened must lie in the folder, whatever the name says and whatever
the folder holds. ``openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)`` decides that in the kernel, in one step.
Where it is missing (gVisor, old kernels, filters that refuse unknown calls) the same rule is walked
component by component with ``O_NOFOLLOW`` on directory descriptors, where no step has a name that
could change under it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from berm.errors import BermError, ConfigError
from berm.kernel import _libc

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_RESOLVE: Final = _libc.RESOLVE_BENEATH | _libc.RESOLVE_NO_SYMLINKS | _libc.RESOLVE_NO_MAGICLINKS
# ENOSYS: no such call. EPERM: a container's filter that predates the call. E2BIG, EINVAL: a kernel
# that does not know what was asked for. EAGAIN: a rename came in between. All fall back to the walk,
# which is just as strict.
_NO_OPENAT2: Final = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.E2BIG, errno.EAGAIN})
_CHUNK: Final = 1 << 20
_MAX_DEPTH: Final = 32


class TestFileError(BermError):
    """A test's file cannot be used: the name is wrong, or what it names is no ordinary file."""

    __test__ = False


class TestFiles:
    """The folder that ``input_file`` and ``expected_output_file`` name files of.

    Args:
        folder: the folder, or None: every name is then refused, saying which setting is missing.
        max_size: bytes that one file may have.
        openat2: False walks even where the kernel could do it in one step (for tests).

    Raises:
        ConfigError: the folder is no directory that this process can open.
    """

    __test__ = False

    def __init__(self, folder: Path | None, *, max_size: int, openat2: bool = True) -> None:
        self._max_size = max_size
        self._openat2 = openat2
        self._folder: int | None = None
        if folder is not None:
            try:
                self._folder = os.open(folder, _FOLDER)
            except OSError as error:
                raise ConfigError(
                    f"The folder of test files {str(folder)!r} cannot be opened: {error.strerror}.",
                    remedy="Set service.test_files to an existing folder that the service may"
                    " read, or leave it out.",
                ) from error

    def close(self) -> None:
        """Let the folder go. Later names are refused."""
        folder, self._folder = self._folder, None
        if folder is not None:
            os.close(folder)

    def check(self, name: str) -> None:
        """Raise :class:`TestFileError` unless ``name`` can be read now."""
        with self._opened(name):
            pass

    def read(self, name: str) -> bytes:
        """Return the bytes of the file.

        Raises:
            TestFileError: see the class; also a file that grew over ``max_size`` meanwhile.
        """
        with self._opened(name) as fd:
            data = bytearray()
            while chunk := os.read(fd, min(_CHUNK, self._max_size + 1 - len(data))):
                data += chunk
                if len(data) > self._max_size:
                    raise self._too_large(name)
            return bytes(data)

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        parts = _components(name)
        if self._folder is None:
            raise TestFileError(
                f"The test file {name!r} cannot be used: this service has no folder of test files.",
                remedy="Send the text itself in `input` and `expected_output`, or ask the operator"
                " to set service.test_files.",
            )
        try:
            fd = self._open(self._folder, parts)
        except OSError as error:
            raise TestFileError(
                f"The test file {name!r} {_explain(error)}.",
                remedy="Name an existing file of the service's folder of test files by its path"
                " inside that folder.",
            ) from error
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise TestFileError(
                    f"The test file {name!r} is not an ordinary file.",
                    remedy="Name an ordinary file.",
                )
            if status.st_size > self._max_size:
                raise self._too_large(name)
            yield fd
        finally:
            os.close(fd)

    def _open(self, folder: int, parts: list[bytes]) -> int:
        if self._openat2:
            try:
                return _libc.openat2(b"/".join(parts), _OPEN, dir_fd=folder, resolve=_RESOLVE)
            except OSError as error:
                if error.errno not in _NO_OPENAT2:
                    raise
        return _walk(folder, parts)

    def _too_large(self, name: str) -> TestFileError:
        return TestFileError(
            f"The test file {name!r} is larger than {self._max_size} bytes.",
            remedy="Use a smaller file, or ask the operator to raise service.max_test_file.",
        )


def _walk(folder: int, parts: list[bytes]) -> int:
    """Open ``parts`` below ``folder``, following no symbolic link anywhere."""
    current = folder
    try:
        for part in parts[:-1]:
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=current)
            if current != folder:
                os.close(current)
            current = below
        return os.open(parts[-1], _OPEN, dir_fd=current)
    finally:
        if current != folder:
            os.close(current)


def _components(name: str) -> list[bytes]:
    """Split a name into components that can only lead down.

    Both ways of opening get the same components, so neither is asked about ``..`` at all.
    """
    wrong = ""
    if not name:
        wrong = "is empty"
    elif "\0" in name:
        wrong = "contains a NUL character"
    elif name.startswith("/"):
        wrong = "is an absolute path"
    elif any(part in {"", ".", ".."} for part in name.split("/")):
        wrong = "contains an empty, `.` or `..` component"
    elif name.count("/") >= _MAX_DEPTH:
        wrong = f"has more than {_MAX_DEPTH} components"
    if wrong:
        raise TestFileError(
            f"The name of a test file {wrong}: {name[:200]!r}.",
            remedy="Name a file by its path inside the service's folder of test files, for"
            " example `sums/1.in`.",
        )
    return [part.encode("utf-8", "surrogateescape") for part in name.split("/")]


def _explain(error: OSError) -> str:
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
        return "does not exist"
    if error.errno in {errno.ELOOP, errno.EXDEV}:
        return "leads through a symbolic link or out of the folder"
    if error.errno in {errno.EACCES, errno.ENXIO}:
        return "cannot be read by the service"
    return f"cannot be opened ({error.strerror})"
