"""What a hostile compiler run plants where its artifacts are collected from.

The agent opens what it collects beneath the working directory, following nothing; the host reads
the bytes from one file, by sizes that it checks. Both ways to open are tried: by openat2, and
step by step, as on kernels without it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from berm.cell.files import read_bundle
from berm_cell import _syscalls, bundle

SECRET = b"what only the host may read"
WANTED = {"patterns": ["*"], "files": 16, "bytes": 1 << 20, "entries": 2000}


@pytest.fixture(params=["openat2", "step by step"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "openat2":
        return

    def missing(*_: object) -> int:
        raise OSError(errno.ENOSYS, "no openat2")

    monkeypatch.setattr(_syscalls, "openat_beneath", missing)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory beside a secret."""
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "main").write_bytes(SECRET)
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@contextlib.contextmanager
def _bounded(seconds: int) -> Iterator[None]:
    """Fail where opening something would wait for ever."""

    def late(*_: object) -> None:
        raise TimeoutError("collecting hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _collect(work: Path, **changes: object) -> tuple[dict[str, bytes], list[list[str]]]:
    with _bounded(30):
        memfd, rows, refused = bundle.collect(str(work), {**WANTED, **changes})
    try:
        files = read_bundle(memfd, rows, most_files=16, most_bytes=1 << 20)
    finally:
        os.close(memfd)
    return {name: file.data for name, file in files.items()}, refused


def test_plain_files_come_out(work: Path) -> None:
    (work / "main").write_bytes(b"program")
    (work / "lib").mkdir()
    (work / "lib" / "a.class").write_bytes(b"class")
    files, refused = _collect(work)
    assert files == {"main": b"program", "lib/a.class": b"class"}
    assert refused == []


@pytest.mark.parametrize(
    "target",
    ["../secret", "/etc/passwd", "/proc/self/environ", "/dev/zero", "main", "../work/other", "/"],
)
def test_a_link_never_comes_out(work: Path, target: str) -> None:
    (work / "other").write_bytes(b"fine")
    (work / "main").symlink_to(target)
    files, refused = _collect(work)
    assert files == {"other": b"fine"}
    assert "main" in [name for name, _ in refused] or target == "/"


def test_a_linked_directory_is_not_entered(work: Path) -> None:
    (work / "lib").symlink_to("../outside")
    (work / "up").symlink_to("..")
    (work / "root").symlink_to("/")
    files, _ = _collect(work)
    assert files == {}


def test_what_is_no_file_is_refused_at_once(work: Path) -> None:
    os.mkfifo(work / "main")
    (work / "folder.class").mkdir()
    with socket.socket(socket.AF_UNIX) as sock:
        here = Path.cwd()
        os.chdir(work)
        try:
            sock.bind("socket")
        finally:
            os.chdir(here)
        files, refused = _collect(work)
    assert files == {}
    assert {name for name, _ in refused} == {"main", "socket"}


def test_sizes_and_counts_are_bounded(work: Path) -> None:
    with (work / "huge").open("wb") as file:
        file.truncate(1 << 40)
    for number in range(40):
        (work / f"n{number:02}").write_bytes(b"x")
    files, refused = _collect(work)
    assert len(files) == 16
    assert "huge" not in files
    assert refused


def test_many_small_files_are_bounded_together(work: Path) -> None:
    for number in range(8):
        (work / f"n{number}").write_bytes(b"x" * (300 << 10))
    files, refused = _collect(work)
    assert sum(map(len, files.values())) <= 1 << 20
    assert refused


def test_an_endless_tree_is_looked_at_for_so_long_only(work: Path) -> None:
    for number in range(300):
        (work / f"d{number}").mkdir()
        for inner in range(10):
            (work / f"d{number}" / f"e{inner}").mkdir()
    (work / "zz").write_bytes(b"beyond the bound")
    files, _ = _collect(work, entries=500)
    assert len(files) <= 1


@pytest.mark.parametrize(
    "name", [b"new\nline", b"\xff\xfe", b"-rf", b" ", b"..hidden", b"a\\b", b"x" * 255]
)
def test_odd_names_harm_nothing(work: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(work) + b"/" + name)).write_bytes(b"odd")
    (work / "main").write_bytes(b"program")
    files, _ = _collect(work)
    assert files["main"] == b"program"
    assert set(files.values()) <= {b"odd", b"program"}


def test_an_unreadable_file_is_refused(work: Path) -> None:
    (work / "main").write_bytes(b"program")
    (work / "main").chmod(0)
    files, refused = _collect(work)
    assert files == {"main": b"program"} if os.geteuid() == 0 else refused
