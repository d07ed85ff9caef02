"""Names of test files lead into one folder only, by both ways of opening."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.errors import ConfigError
from berm.kernel import _libc
from berm.service import testfiles
from berm.service.testfiles import TestFileError, TestFiles

MAX = 1000


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret").write_text("SECRET")
    folder = tmp_path / "data"
    (folder / "sums").mkdir(parents=True)
    (folder / "sums" / "1.in").write_bytes(b"2 3\n\xff\0")
    (folder / "empty").write_bytes(b"")
    (folder / "full").write_bytes(b"x" * MAX)
    (folder / "large").write_bytes(b"x" * (MAX + 1))
    (folder / "..odd").write_bytes(b"odd")
    (folder / "link-out").symlink_to(tmp_path / "secret")
    (folder / "link-up").symlink_to("..")
    (folder / "link-in").symlink_to("sums/1.in")
    (folder / "link-folder").symlink_to("sums")
    (folder / "link-proc").symlink_to("/proc/self/root/etc")
    os.mkfifo(folder / "fifo")
    return folder


@pytest.fixture(params=["openat2", "walk"])
def files(request, folder):
    made = TestFiles(folder, max_size=MAX, openat2=request.param == "openat2")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("sums/1.in", b"2 3\n\xff\0"),
        ("empty", b""),
        ("full", b"x" * MAX),
        ("..odd", b"odd"),
    ],
)
def test_ordinary_files_are_read(files, name, data):
    files.check(name)
    assert files.read(name) == data


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("/etc/passwd", "absolute"),
        ("//etc/passwd", "absolute"),
        ("..", "`..`"),
        ("../secret", "`..`"),
        ("sums/../../secret", "`..`"),
        ("sums/..", "`..`"),
        ("./empty", "`.`"),
        ("sums//1.in", "empty"),
        ("sums/", "empty"),
        ("sums/1.in/", "empty"),
        ("empty\0.in", "NUL"),
        ("a/" * 40 + "b", "components"),
        ("nothing", "does not exist"),
        ("nothing/1.in", "does not exist"),
        ("empty/1.in", "does not exist"),
        ("x" * 300, "does not exist"),
        ("sums", "not an ordinary file"),
        ("fifo", "not an ordinary file"),
        ("large", "larger than 1000 bytes"),
        ("link-out", "symbolic link"),
        ("link-in", "symbolic link"),
        ("link-folder/1.in", ""),
        ("link-up/secret", ""),
        ("link-proc/passwd", ""),
        ("..\\secret", "does not exist"),
        ("%2e%2e/secret", "does not exist"),
    ],
)
def test_everything_else_is_refused(files, name, words):
    for use in (files.check, files.read):
        with pytest.raises(TestFileError, match=".") as caught:
            use(name)
        assert words in str(caught.value)
        assert caught.value.remedy


def test_sockets_and_devices_are_refused(files, folder):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        with pytest.raises(TestFileError):
            files.read("socket")


@pytest.mark.requires_root
def test_a_file_that_may_not_be_read_is_refused_not_guessed(files, folder):
    target = folder / "sums" / "device"
    try:
        os.mknod(target, 0o666 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("no devices here")
    with pytest.raises(TestFileError, match="not an ordinary file|cannot be read"):
        files.read("sums/device")


def test_no_folder_says_which_setting():
    with pytest.raises(TestFileError, match=r"service\.test_files"):
        TestFiles(None, max_size=MAX).read("1.in")


def test_a_folder_that_is_none_is_a_wrong_setting(tmp_path):
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(ConfigError, match=r"service\.test_files"):
            TestFiles(wrong, max_size=MAX)


def test_a_moved_folder_is_still_the_same_folder(files, folder):
    folder.rename(folder.with_name("moved"))
    folder.mkdir()
    (folder / "empty").write_text("other")
    assert files.read("empty") == b""


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_without_openat2_the_walk_decides(folder, monkeypatch, number):
    def missing(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_libc, "openat2", missing)
    files = TestFiles(folder, max_size=MAX)
    assert files.read("sums/1.in").startswith(b"2 3")
    with pytest.raises(TestFileError, match="symbolic link"):
        files.read("link-out")
    files.close()


@given(
    st.lists(
        st.sampled_from(["..", ".", "", "sums", "1.in", "link-up", "link-out", "data", "secret"]),
        max_size=6,
    )
)
def test_both_ways_agree_and_never_tell_the_secret(tmp_path_factory, parts):
    folder = _shared_folder(tmp_path_factory)
    name = "/".join(parts)
    answers = []
    for openat2 in (True, False):
        files = TestFiles(folder, max_size=MAX, openat2=openat2)
        try:
            answers.append(files.read(name))
        except TestFileError:
            answers.append(None)
        finally:
            files.close()
    assert answers[0] == answers[1]
    assert answers[0] in (None, b"inside")


_made: dict[str, Path] = {}


def _shared_folder(factory):
    if "folder" not in _made:
        base = factory.mktemp("both")
        (base / "secret").write_text("SECRET")
        folder = base / "data"
        (folder / "sums").mkdir(parents=True)
        (folder / "sums" / "1.in").write_text("inside")
        (folder / "link-up").symlink_to("..")
        (folder / "link-out").symlink_to(base / "secret")
        _made["folder"] = folder
    return _made["folder"]


@pytest.mark.parametrize("openat2", [True, False])
def test_a_name_that_changes_under_the_reader_never_leads_out(tmp_path, openat2):
    folder = tmp_path / "data"
    (folder / "real").mkdir(parents=True)
    (folder / "real" / "f").write_text("inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text("SECRET")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "now").mkdir()
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for source in ("real", "link"):
                os.rename(folder / source, folder / "now2")
                os.rename(folder / "now2", folder / source)
            os.rename(folder / "real", folder / "x")
            os.rename(folder / "link", folder / "real")
            os.rename(folder / "real", folder / "link")
            os.rename(folder / "x", folder / "real")

    swapper = threading.Thread(target=swap)
    swapper.start()
    files = TestFiles(folder, max_size=MAX, openat2=openat2)
    read = set()
    try:
        deadline = time.monotonic() + 60
        tries = 0
        while tries < 3000 or (b"inside" not in read and time.monotonic() < deadline):
            tries += 1
            try:
                read.add(files.read("real/f"))
            except TestFileError:
                read.add(None)
    finally:
        stop.set()
        swapper.join()
        files.close()
    assert b"inside" in read
    assert read <= {b"inside", None}


def test_no_descriptor_is_left(folder):
    before = len(os.listdir("/proc/self/fd"))
    for openat2 in (True, False):
        files = TestFiles(folder, max_size=MAX, openat2=openat2)
        for name in ("sums/1.in", "sums", "fifo", "large", "link-out", "nothing", "link-up/secret"):
            with contextlib.suppress(TestFileError):
                files.read(name)
        files.close()
        files.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_walk_is_used_by_name(folder):
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        os.close(testfiles._walk(fd, [b"sums", b"1.in"]))
    finally:
        os.close(fd)
