"""The analyser's limited child: bounded, replaced when it dies, and able to do nothing else."""

from __future__ import annotations

import ctypes
import os
import socket
import threading

import pytest

from berm.analysis import Analyser, AnalyserError, Policy
from berm.analysis import child as analyser_child
from berm.analysis.analyser import _Child

CONTEST = Policy("contest")


@pytest.fixture(scope="module")
def analyser():
    made = Analyser(1)
    yield made
    made.close()


def test_a_finding_comes_through(analyser):
    analysis = analyser.analyse(b"import os\n\nos.system('id')\n", "python", CONTEST)
    refused = analysis.refused
    assert refused is not None
    assert (refused.rule, refused.line, refused.column) == ("python.process", 3, 1)
    assert analysis.complete and analysis.pack == "contest" and analysis.language == "python"


def test_the_same_program_is_known_the_second_time(analyser):
    source = b"import socket  # once\n"
    first = analyser.analyse(source, "python", CONTEST)
    again = analyser.analyse(source, "python", Policy("education"))
    assert first.refused and not again.refused
    assert again.seconds == 0.0
    # Known by its language too.
    assert analyser.analyse(source, "python3", CONTEST).refused == first.refused


HARD = {
    "minus": b"-" * 49_000 + b"1",
    "brackets": b"(" * 49_000,
    "lists": b"[" * 20_000 + b"]" * 20_000,
    "one line": b"x" * 49_000,
    "attributes": b"x" + b".a" * 20_000,
    "calls": b"f" + b"()" * 20_000,
    "if": b"".join(b" " * i + b"if x:\n" for i in range(300)),
    "elif": b"if x: pass\n" + b"elif x: pass\n" * 3000,
    "strings": b"x=" + b"'a'+" * 10_000 + b"'b'",
    "bomb": b"import zlib,base64\nexec(zlib.decompress(b'x'*40000))\nx='a'*9**9\ny=9**9**9\n",
    "loops": b"x=''\nfor i in range(4000):\n for j in range(4000):\n  x+=chr(i)\ngetattr(__import__('os'),x)",
    "recursion": b"def f(s): return f(s+'a')+f(s)\ngetattr(__import__('os'),f(''))",
    "nested eval": b"s='x'\n" + b"s=repr(s)\n" * 40 + b"exec(eval(s))",
    "nul": b"\0" * 1000,
    "not text": bytes(range(256)) * 100,
    "lambda": b"lambda:" * 10_000 + b"1",
    "not": b"not " * 10_000 + b"1",
    "format": b"x='{:>999999999}'.format(1)\ngetattr(__import__('os'),'%99999999d'%1)",
}


@pytest.mark.parametrize("name", HARD)
def test_what_is_built_to_break_parsers_ends_in_an_answer(analyser, name):
    analysis = analyser.analyse(HARD[name], "python", CONTEST)
    assert all(finding.message for finding in analysis.findings)


def test_200000_minus_signs_are_too_complex():
    large = Analyser(1, max_source=1 << 20)
    try:
        findings = large.analyse(b"-" * 200_000 + b"1", "python", CONTEST).findings
        assert [one.rule for one in findings if one.blocked] == ["any.too-complex"]
    finally:
        large.close()


def test_a_program_over_the_size_is_not_read(analyser):
    analysis = analyser.analyse(b"#" * 60_000, "python", CONTEST)
    assert [finding.rule for finding in analysis.findings] == ["any.too-complex"]
    assert not analysis.complete


def test_what_takes_too_long_is_given_up_and_the_next_one_is_analysed(analyser, monkeypatch):
    # Pieces of pieces: what a parser cannot take whole is tried again and again.
    source = b"[" * 9_000 + b"]" * 9_000 + b"\nprint 1\n"
    analysis = analyser.analyse(source, "python", CONTEST)
    assert {finding.rule for finding in analysis.findings} <= {"any.too-complex", "any.not-parsed"}
    assert analyser.analyse(b"import socket", "python", CONTEST).refused is not None


def test_a_leaf_that_dies_is_replaced():
    child = _Child()
    child.start()
    try:
        assert child._process is not None
        assert child.examine(b"print(1)", "python")[0] == ()
        children = f"/proc/{child._process.pid}/task/{child._process.pid}/children"
        with open(children) as file:
            (leaf,) = file.read().split()
        os.kill(int(leaf), 9)
        found, _ = child.examine(b"import socket", "python")
        assert found[0].rule == "python.network"
    finally:
        child.end()


def test_more_programs_than_one_leaf_takes(analyser):
    for number in range(analyser_child.MANY + 3):
        source = f"import socket  # {number} of many\n".encode()
        assert analyser.analyse(source, "python", CONTEST).refused is not None


def test_threads_share_the_children():
    shared = Analyser(2)
    failed: list[object] = []

    def work(start: int) -> None:
        for number in range(start, start + 20):
            analysis = shared.analyse(f"import socket  # {number}".encode(), "python", CONTEST)
            if analysis.refused is None:
                failed.append(number)

    threads = [threading.Thread(target=work, args=(100 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared.close()
    assert failed == []


def test_after_its_end_it_says_so():
    ended = Analyser(1)
    ended.close()
    with pytest.raises(AnalyserError, match="closed"):
        ended.analyse(b"print(1)", "python", CONTEST)


def confined(attempt) -> bytes:
    """Run ``attempt`` as a leaf would be after a parser was broken; return what it says."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            analyser_child._confine()
            try:
                attempt()
                os.write(theirs.fileno(), b"done")
            except OSError as error:
                os.write(theirs.fileno(), str(error.errno).encode())
            except MemoryError:
                os.write(theirs.fileno(), b"memory")
        finally:
            os._exit(0)
    theirs.close()
    os.waitpid(pid, 0)
    with ours:
        return ours.recv(100)


EPERM = b"1"


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: os.open("/etc/passwd", os.O_RDONLY),
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),
        socket.socket,
        lambda: os.kill(os.getppid(), 0),
        lambda: os.listdir("/"),
        lambda: os.unlink("/tmp/x"),
        os.pipe,
    ],
    ids=["open", "fork", "exec", "socket", "kill", "listdir", "unlink", "pipe"],
)
def test_a_leaf_can_do_nothing_but_talk(attempt):
    assert confined(attempt) == EPERM


def test_a_leaf_has_64_mib_more():
    assert confined(lambda: bytearray(100 * 1024 * 1024)) == b"memory"
    assert confined(lambda: bytearray(20 * 1024 * 1024)) == b"done"


def test_a_leaf_makes_no_code():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_long
    libc.mmap.argtypes = [ctypes.c_long] * 6

    def executable() -> None:
        if libc.mmap(0, 4096, 7, 0x22, -1, 0) == -1:
            raise OSError(ctypes.get_errno(), "refused")

    assert confined(executable) == EPERM
