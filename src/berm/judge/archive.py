"""Zip archives from strangers: unpacked in memory, under bounds, into plain files with plain names.

Nothing is written to disk, so that no name can lead anywhere; names are checked all the same, because
they become file names in a cell. Sizes are counted while unpacking: what the archive says about itself
is not believed. Methods other than deflate are refused, since their memory is the archive's to choose.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from typing import Final

from berm.errors import InputError
from berm_cell import protocol

MAX_ARCHIVE: Final = 16 * 1024 * 1024
MAX_ENTRIES: Final = 512
MAX_UNPACKED: Final = 64 * 1024 * 1024
MAX_RATIO: Final = 200
"""Unpacked to packed bytes of the whole. Source text packs 3 to 10 times; 1,032 is deflate's most."""

_SLACK: Final = 1024 * 1024
"""Unpacked bytes below which the ratio does not matter."""

_CHUNK: Final = 64 * 1024
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_UNIX: Final = 3
_JUNK: Final = ("__MACOSX/", ".git/")


def unpack(data: bytes, most: int = MAX_UNPACKED) -> dict[str, bytes]:
    """Return the files of a zip archive by name, ``most`` bytes of them together.

    Raises:
        InputError: it is no zip archive, or holds what no submission needs: absolute names, ``..``,
            backslashes, links, devices, names twice, encrypted entries, too many files, too many bytes.
    """
    if len(data) > MAX_ARCHIVE:
        raise InputError(
            f"The archive has {len(data)} bytes.", remedy=f"At most {MAX_ARCHIVE} bytes."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _files(archive, len(data), most)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"The archive is no zip file, or is damaged: {str(error)[:200]}.",
            remedy="Pack the files again, with deflate and without encryption.",
        ) from error


def _files(archive: zipfile.ZipFile, packed: int, unpacked: int) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise InputError(
            f"The archive has {len(entries)} entries.", remedy=f"At most {MAX_ENTRIES}."
        )
    files: dict[str, bytes] = {}
    total = 0
    for entry in entries:
        name = entry.filename
        if entry.is_dir() or name.startswith(_JUNK) or name.endswith("/.DS_Store"):
            continue
        _check(entry, files)
        most = min(unpacked, max(_SLACK, packed * MAX_RATIO))
        files[name] = _content(archive, entry, most - total, unpacked)
        total += len(files[name])
    if not files:
        raise InputError("The archive holds no file.", remedy="Pack the program's files.")
    return files


def _check(entry: zipfile.ZipInfo, files: dict[str, bytes]) -> None:
    name = entry.filename
    problem = ""
    if "\\" in name or ":" in name or name != entry.orig_filename:
        problem = "has a name that is not portable"
    elif entry.flag_bits & _ENCRYPTED:
        problem = "is encrypted"
    elif entry.compress_type not in _METHODS:
        problem = "is packed by another method than deflate"
    elif entry.create_system == _UNIX and stat.S_IFMT(entry.external_attr >> 16) not in (
        0,
        stat.S_IFREG,
    ):
        problem = "is a link or no ordinary file"
    elif name.casefold() in {other.casefold() for other in files}:
        problem = "is there twice"
    elif any(other.startswith(f"{name}/") or name.startswith(f"{other}/") for other in files):
        problem = "is a file and a folder at once"
    else:
        try:
            protocol.checked_name(name)
        except (protocol.FrameError, UnicodeEncodeError) as error:
            problem = f"has a name that cannot be used: {error}"
    if problem:
        raise InputError(
            f"The archive's entry {name[:100]!r} {problem}.",
            remedy="Pack ordinary files with relative names below one folder.",
        )


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int, unpacked: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise InputError(
                    "The archive unpacks to too much.",
                    remedy=f"At most {unpacked} bytes, and {MAX_RATIO} times its own size.",
                )
            parts.append(chunk)
    return b"".join(parts)
