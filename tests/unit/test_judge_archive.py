"""Zip archives from strangers: what is unpacked, and everything that is refused."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.errors import InputError
from berm.judge import archive


def packed(files, **options) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as made:
        for name, data in files:
            made.writestr(name, data)
    return buffer.getvalue()


def entry(name: str, mode: int = 0, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = system
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def test_files_come_out_by_name():
    data = packed(
        [("main.py", b"import a"), ("lib/a.py", b"x = 1"), ("lib/", b""), ("__MACOSX/x", b"junk")]
    )
    assert archive.unpack(data) == {"main.py": b"import a", "lib/a.py": b"x = 1"}


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "a/../../evil.py",
        "/etc/passwd",
        "a//b",
        "./a",
        "a/./b",
        "..\\evil.py",
        "C:\\evil.py",
        "C:evil",
        "a/" * 40 + "b",
        "x" * 300,
    ],
)
def test_names_that_lead_elsewhere(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        made.writestr(info, b"x")
    with pytest.raises(InputError):
        archive.unpack(buffer.getvalue())


@pytest.mark.parametrize(
    "mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK]
)
def test_links_and_devices(mode):
    with pytest.raises(InputError, match="link or no ordinary file"):
        archive.unpack(packed([(entry("link", mode), b"/etc/passwd")]))
    ordinary = packed([(entry("file", stat.S_IFREG | 0o755), b"x")])
    assert archive.unpack(ordinary) == {"file": b"x"}


def test_names_twice_and_files_that_are_folders():
    for names in (["a", "a"], ["a", "A"], ["a", "a/b"], ["a/b", "a"]):
        with pytest.warns() if names == ["a", "a"] else _nothing():
            data = packed([(name, b"x") for name in names])
        with pytest.raises(InputError):
            archive.unpack(data)


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_bombs():
    with pytest.raises(InputError, match="unpacks to too much"):
        archive.unpack(packed([("zeros", bytes(archive.MAX_UNPACKED + 1))]))
    with pytest.raises(InputError, match="unpacks to too much"):  # by its ratio alone
        archive.unpack(packed([("zeros", bytes(8 * 1024 * 1024))]))
    with pytest.raises(InputError, match="entries"):
        archive.unpack(packed([(f"f{number}", b"") for number in range(archive.MAX_ENTRIES + 1)]))
    with pytest.raises(InputError, match="bytes"):
        archive.unpack(bytes(archive.MAX_ARCHIVE + 1))


def test_sizes_that_lie():
    """The directory claims one byte for what unpacks to many."""
    data = bytearray(packed([("zeros", bytes(100_000))]))
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 1)
    try:
        files = archive.unpack(bytes(data))
    except InputError:
        return
    assert len(files["zeros"]) <= 100_000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods(method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        made.writestr("a", b"x" * 100)
    with pytest.raises(InputError, match="another method"):
        archive.unpack(buffer.getvalue())


def test_encrypted_entries():
    data = bytearray(packed([("a", b"secret")]))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    with pytest.raises(InputError, match="encrypted"):
        archive.unpack(bytes(data))


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 10, packed([])])
def test_no_archive(data):
    with pytest.raises(InputError):
        archive.unpack(data)


@given(st.data())
def test_damage_is_an_error_or_harmless(data):
    original = bytearray(packed([("main.py", b"print(1)\n" * 50), ("lib/a.py", b"x = 1")]))
    for _ in range(data.draw(st.integers(1, 8))):
        original[data.draw(st.integers(0, len(original) - 1))] = data.draw(st.integers(0, 255))
    try:
        files = archive.unpack(bytes(original))
    except InputError:
        return
    for name in files:
        assert not name.startswith("/")
        assert ".." not in name.split("/")
