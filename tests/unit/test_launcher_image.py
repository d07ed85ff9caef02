"""The launcher as an executable of its own: what it reads, what it says when it stops, how it ends."""

import errno
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from berm_cell import carried, launch, machine, script

pytestmark = pytest.mark.skipif(not script.IS_X86_64, reason="the launcher is of x86-64")

RUNNER = Path(__file__).parents[1] / "integration" / "syscall_runner.py"
TELLS = 5
"""The descriptor on which a launcher of these tests tells that it stopped."""


@pytest.fixture(scope="module")
def path():
    """Where the launcher can be executed."""
    fd = carried.hold("launch", machine.IMAGE)
    if not os.access(carried.path_of(fd), os.X_OK):
        os.close(fd)
        pytest.skip("files in memory may not be executed here (vm.memfd_noexec)")
    yield carried.path_of(fd)
    os.close(fd)


class Ended:
    """A launcher that was given a script and a request, its streams pipes, and how it ended."""

    def __init__(self, path, first, request=None, fds=()):
        pipes = [os.pipe() for _ in range(3)]
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        given = [*(end for _, end in pipes), theirs.fileno(), *fds]
        wanted = [1, 2, TELLS, 3, *range(6, 6 + len(fds))]
        pairs = [(fd, 100 + n) for n, fd in enumerate(given)]
        pairs += [(100 + n, number) for n, number in enumerate(wanted)]
        actions = [(os.POSIX_SPAWN_DUP2, *pair) for pair in pairs]
        actions += [(os.POSIX_SPAWN_CLOSE, 100 + n) for n in range(len(given))]
        line.send(first)
        if request is not None:
            line.send(request)
        line.shutdown(socket.SHUT_WR)
        pid = os.posix_spawn(path, ["launch"], {}, file_actions=actions)
        for fd in (end for _, end in pipes):
            os.close(fd)
        theirs.close()
        self.status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.stdout, self.stderr, self.told = (os.read(end, 4096) for end, _ in pipes)
        for end, _ in pipes:
            os.close(end)
        line.close()

    def stopped(self):
        """The error, and the index of the record at which it stopped."""
        error, record = struct.unpack("=qQ", self.told)
        return error, (record - script.CONFINEMENT_AT - script.HEADER.size) / script.RECORD.size


def new():
    it = script.Script(script.CONFINEMENT_AT, 16)
    it.begin("all")
    return it


def finished(it):
    it.end()
    return it.header("all", TELLS) + it.image()[script.HEADER.size :]


def hears(it):
    """Have a script read the request from the launcher's own line."""
    it.call("recvmsg", 3, it.data(message(it)), 0)
    return finished(it)


def message(it):
    vector = it.data(struct.pack("=QQ", script.REQUEST_AT, script.SIZES[script.REQUEST_AT]))
    return struct.pack("=QI4xQQQQi4x", 0, 0, vector, 1, 0, 0, 0)


def says(text, code):
    """A request: say something, and end."""
    it = script.Script(script.REQUEST_AT, 4)
    it.begin("all")
    it.call("write", 1, it.data(text), len(text))
    it.call("exit_group", code)
    it.end()
    return it.image()


@pytest.mark.parametrize("third", [None, "/dev/null", "/"])
def test_without_a_script_it_ends_itself_and_does_nothing_else(path, tmp_path, third):
    end = "exec 3<&-" if third is None else f"exec 3<{third}"
    words = ["sh", "-c", f"{end}; exec {path.replace('self', str(os.getpid()))}"]
    done = subprocess.run(words, capture_output=True, cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert (done.stdout, done.stderr, list(tmp_path.iterdir())) == (b"", b"", [])


def test_it_makes_three_calls_to_end_itself(path, tmp_path):
    here, count = path.replace("self", str(os.getpid())), tmp_path / "calls"
    words = [sys.executable, RUNNER, "trace", count, "--", here]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if not count.exists():
        pytest.skip(f"no system call can be traced here: {done.stderr[-200:]}")
    rows = [tuple(map(int, line.split())) for line in count.read_text().splitlines()]
    read, getpid, kill = 0, 39, 62
    assert {(read, 1), (getpid, 1), (kill, 1)} <= set(rows)
    close, execve = 3, 59  # the last two of who traces it
    assert {number for number, _ in rows} <= {read, getpid, kill, close, execve}


def test_a_script_that_stops_is_told_by_its_error_and_its_record(path):
    it = new()
    it.call("umask", 0o022)
    it.call("close", 1000, skips=0)
    it.call("chdir", it.text("/nonexistent"))
    it.call("write", 1, it.data(b"no"), 2)
    ended = Ended(path, finished(it))
    assert ended.status == -signal.SIGKILL
    assert len(ended.told) == 16
    assert ended.stopped() == (-errno.ENOENT, 2)
    assert (ended.stdout, ended.stderr) == (b"", b"")


def test_a_result_that_it_was_not_to_have_is_told_as_no_error(path):
    it = new()
    it.call("umask", 0o077)
    it.call("umask", 0o022, returns=0o022)
    ended = Ended(path, finished(it))
    assert (ended.status, ended.stopped()) == (-signal.SIGKILL, (0, 1))


def test_a_request_is_gone_on_with_once_the_script_is_over(path):
    ended = Ended(path, hears(new()), says(b"hello", 7))
    assert (ended.status, ended.stdout, ended.told) == (7, b"hello", b"")


def test_without_a_request_it_ends_itself(path):
    ended = Ended(path, hears(new()))
    assert (ended.status, ended.stdout, ended.told) == (-signal.SIGKILL, b"", b"")


def test_a_request_that_ends_without_an_exec_ends_it(path):
    it = script.Script(script.REQUEST_AT, 1)
    it.begin("all")
    it.call("write", 1, it.data(b"hello"), 5)
    it.end()
    ended = Ended(path, hears(new()), it.image())
    assert (ended.status, ended.stdout, ended.told) == (-signal.SIGKILL, b"hello", b"")


def test_it_becomes_the_program_that_a_request_names(path):
    with open(os.devnull, "rb") as null:
        it = new()
        it.call("dup3", 1, 8, os.O_CLOEXEC)  # the streams as they come with a request
        it.call("recvmsg", 3, it.data(message(it)), 0)
        it.call("dup3", 8, 4, os.O_CLOEXEC)
        it.call("dup3", 2, 5, os.O_CLOEXEC)
        it.call("dup3", 6, 3, os.O_CLOEXEC)
        it.call("close_range", 6, 0xFFFFFFFF)
        env = {"PATH": "/nonexistent:/usr/bin:/bin", "WORD": "of its own"}
        request = launch.execute(["sh", "-c", 'echo "$0 $WORD"; exit 3', "a"], env, (), {"core": 0})
        ended = Ended(path, finished(it), request, fds=[null.fileno()])
    assert (ended.status, ended.stdout, ended.stderr) == (3, b"a of its own\n", b"")


def test_a_file_in_memory_is_closed_and_cannot_be_written():
    before = set(os.listdir("/proc/self/fd"))
    fd = carried.hold("name", b"content")
    try:
        assert set(os.listdir("/proc/self/fd")) == before | {str(fd)}
        assert os.pread(fd, 100, 0) == b"content"
        assert not os.get_inheritable(fd)
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.write(fd, b"other")
    finally:
        os.close(fd)


def test_a_file_that_is_placed_is_everybodys_to_run_and_nobodys_to_change(tmp_path):
    carried.place(tmp_path / "launch", b"content")
    assert (tmp_path / "launch").read_bytes() == b"content"
    assert (tmp_path / "launch").stat().st_mode & 0o222 == 0
    with pytest.raises(FileExistsError):
        carried.place(tmp_path / "launch", b"other")
