"""Bundles on the host: the files of a submission in one sealed anonymous file, and back.

The format is :mod:`berm_cell.bundle`'s. What comes out of a cell is checked again here: names,
count, sizes, and that the bytes are really there.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
import stat
from collections.abc import Mapping, Sequence
from typing import Final, Self

from berm.errors import CellError, InputError
from berm_cell import protocol

MAX_FILES: Final = 512
MAX_BYTES: Final = 256 * 1024 * 1024

Row = tuple[str, int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, and whether its owner may execute it."""

    data: bytes
    executable: bool = False


class Bundle:
    """Files in one sealed memfd, made once and given to any number of runs.

    The descriptor is read at explicit offsets only, so runs can share it at the same time. The
    seals keep a cell that would get hold of it from changing what the next one runs.
    """

    def __init__(self, files: Mapping[str, File]) -> None:
        """Take files by their relative names; raises :class:`InputError` for a bad one."""
        if len(files) > MAX_FILES:
            raise InputError(
                f"{len(files)} files in one submission.", remedy=f"At most {MAX_FILES}."
            )
        rows: list[Row] = []
        self._users = 1
        self.fd = os.memfd_create("bundle", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            total = 0
            for name, file in files.items():
                _check(name)
                total += len(file.data)
                if total > MAX_BYTES:
                    raise InputError(
                        "The files of the submission are too large together.",
                        remedy=f"At most {MAX_BYTES} bytes.",
                    )
                _write_all(self.fd, file.data)
                rows.append((name, len(file.data), 0o755 if file.executable else 0o644))
            seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals | fcntl.F_SEAL_SEAL)
        except BaseException:
            self.close()
            raise
        self.rows: Sequence[Row] = tuple(rows)
        self.size = total

    def extended(self, files: Mapping[str, bytes]) -> Bundle:
        """Return a new bundle with more files; raises :class:`InputError` for a name twice."""
        held = read_bundle(
            self.fd, [list(row) for row in self.rows], most_files=MAX_FILES, most_bytes=MAX_BYTES
        )
        for name in files:
            if name in held:
                raise InputError(
                    f"The file {name!r} is there already.", remedy="Give it another name."
                )
        return Bundle({**held, **{name: File(data) for name, data in files.items()}})

    @property
    def open(self) -> bool:
        """False once every user has closed it."""
        return self.fd >= 0

    def share(self) -> Self:
        """Count one more user, who closes it too; the memory is freed by the last."""
        self._users += 1
        return self

    def close(self) -> None:
        """Free the memory, if no other user has it."""
        self._users -= 1
        if self._users <= 0:
            self._free()

    def _free(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __del__(self) -> None:
        if getattr(self, "fd", -1) >= 0:
            self._free()


def read_bundle(fd: int, rows: object, *, most_files: int, most_bytes: int) -> dict[str, File]:
    """Read what an agent sent, trusting none of it; raises :class:`CellError` if it is wrong."""
    if not isinstance(rows, list) or len(rows) > most_files:
        raise CellError("A cell returned a malformed list of files.")
    if not stat.S_ISREG(os.fstat(fd).st_mode):  # reading a pipe would wait, or fail
        raise CellError("A cell returned something else than a file.")
    files: dict[str, File] = {}
    offset = 0
    for row in rows:
        if not (isinstance(row, list) and len(row) == 3 and all(map(_whole, row[1:]))):
            raise CellError("A cell returned a malformed list of files.")
        name, size, mode = row
        if not 0 <= size <= most_bytes - offset:
            raise CellError("A cell returned more bytes than it may.")
        try:
            protocol.checked_name(name)
            name.encode("utf-8")
        except (protocol.FrameError, UnicodeEncodeError) as error:
            raise CellError(f"A cell returned a bad file name: {error}.") from error
        data = os.pread(fd, size, offset)
        if len(data) != size:
            raise CellError("A cell returned fewer bytes than it announced.")
        files[name] = File(data, executable=bool(mode & 0o100))
        offset += size
    return files


def _whole(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < 1 << 62


def _check(name: str) -> None:
    try:
        protocol.checked_name(name)
    except (protocol.FrameError, UnicodeEncodeError) as error:
        raise InputError(
            f"The file name {name!r} cannot be used: {error}.",
            remedy="Give relative names below the working directory, without `..`.",
        ) from error


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
