"""Anything at all on the launcher's protocol, both directions, and in every field of a request.

Whatever arrives, nobody crashes, no descriptor is lost, and a program that runs does so under
its filter.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import berm
from berm.cell import report
from berm.cell.builder import ForkServer, Slots
from berm.cell.files import read_bundle
from berm.cell.outcome import decide
from berm.errors import CellError
from berm_cell import protocol

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["op", "status", "stopped_by", "wall", "cpu", "memory", "processes", "files", "id", "owner"]
)
FRAMES = st.dictionaries(FIELDS, JSON, max_size=8)


def _files() -> int:
    return len(os.listdir("/proc/self/fd"))


@given(data=st.binary(max_size=400), count=st.integers(0, 12))
def test_any_packet_is_a_frame_or_an_error(data: bytes, count: int) -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with left, right, open(os.devnull, "rb") as null:
        before = _files()
        fds = [null.fileno()] * count
        ancillary = [
            (socket.SOL_SOCKET, socket.SCM_RIGHTS, b"".join(f.to_bytes(4, "little") for f in fds))
        ]
        left.sendmsg([data], ancillary if count else [])
        left.shutdown(socket.SHUT_WR)
        try:
            message, received = protocol.receive_frame(right)
        except protocol.FrameError:
            pass
        else:
            assert message is None or isinstance(message, dict)
            protocol.close_all(received)
        assert _files() == before


@given(frame=FRAMES)
def test_the_host_takes_any_report_or_says_that_it_is_wrong(frame: dict[str, Any]) -> None:
    with contextlib.suppress(CellError):
        decide(report.ending(frame), berm.Limits(), flooded=False, memory_ceiling=1 << 28)
    rows = report.denials(frame.get("files"))
    assert rows is None or len(rows) <= 32


ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b/c", "../d", "\ud800", "e\udcff"]) | JSON, JSON, JSON).map(
        list
    ),
    max_size=4,
)


@given(rows=ROWS | JSON, content=st.binary(max_size=64))
def test_the_host_takes_any_bundle_or_says_that_it_is_wrong(rows: object, content: bytes) -> None:
    fd = os.memfd_create("fuzz", os.MFD_CLOEXEC)
    try:
        os.write(fd, content)
        with contextlib.suppress(CellError):
            files = read_bundle(fd, rows, most_files=4, most_bytes=64)
            assert sum(len(file.data) for file in files.values()) <= len(content)
            assert all(name.encode("utf-8") for name in files)
    finally:
        os.close(fd)


@given(name=st.text(max_size=40))
def test_a_checked_name_stays_below_its_directory(name: str) -> None:
    try:
        parts = protocol.checked_name(name)
    except (protocol.FrameError, UnicodeEncodeError):
        return
    assert os.path.normpath(os.path.join("/w", *parts)).startswith("/w/")


@pytest.fixture(scope="module", params=["namespaces", "confined"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    try:
        async with berm.Engine(berm.Config(plan=request.param)) as opened:
            await opened.run("pass")
            yield opened
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


async def test_a_fork_server_survives_or_dies_of_any_frame(engine: berm.Engine) -> None:
    """Frames that are wrong end the fork server (its cells with it) or change nothing."""
    plan = next(pool.plan for pool in engine.pools)
    frames: list[bytes] = [
        b"{}",
        b"[]",
        b"\xff" * 100,
        b'{"op": "cell"}',
        b'{"op": "cell", "id": 1, "owner": [0, 0]}',
        b'{"op": "cell", "id": "x", "owner": "root"}',
        b'{"op": "kill", "id": 77}',
        json.dumps({"op": "cell", "id": 1, "owner": [1, 1], "x": "y" * 90_000}).encode(),
        b"{" * 5000,
    ]
    for frame in frames:
        server = ForkServer(plan, Slots(2_000_000_000, 4096))
        await server.start()
        try:
            raw = server._sock
            assert raw is not None
            with contextlib.suppress(OSError):
                raw.send(frame)
            with contextlib.suppress(CellError, TimeoutError):
                cell = await server.cell()
                await cell.close()
        finally:
            await server.close()
    assert (await engine.run("print(1)")).text == "1\n"


PROBE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, *arguments in (
    ("unshare", 0x10000000), ("ptrace", 0, 0, 0, 0), ("setuid", 0), ("chroot", b"/"),
    ("sethostname", b"x", 1), ("keyctl", 0),
):
    function = getattr(libc, name, None)
    if function is not None:
        print(name, function(*arguments), end=" ")
try:
    __import__("socket").socket()
except OSError as error:
    print("socket", error.errno)
"""
EXPECTED = "unshare -1 ptrace -1 setuid -1 chroot -1 sethostname -1 socket 1\n"

NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name not in (".", "..", "main.py") and not name.endswith(".py"))


C_PROBE = """
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static void tried(const char *name, long result) { printf("%s %s ", name, result < 0 ? "refused" : "DONE"); }
int main(void) {
    tried("unshare", syscall(SYS_unshare, 0x10000000));
    tried("ptrace", syscall(SYS_ptrace, 0, 0, 0, 0));
    tried("chroot", syscall(SYS_chroot, "/"));
    tried("socket", syscall(SYS_socket, 2, 1, 0));
    tried("io_uring", syscall(SYS_io_uring_setup, 1, 0));
    tried("keyctl", syscall(SYS_keyctl, 0));
    tried("setuid", syscall(SYS_setuid, 0));
}
"""
C_EXPECTED = (
    "unshare refused ptrace refused chroot refused socket refused io_uring refused keyctl refused"
    " setuid refused "
)
VARIABLES = st.dictionaries(
    st.sampled_from(
        [
            *("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PATH", "HOME", "TMPDIR"),
            *(
                "PYTHONPATH",
                "PYTHONSTARTUP",
                "PYTHONINSPECT",
                "GCONV_PATH",
                "MALLOC_CHECK_",
                "BERM_PLAN",
            ),
        ]
    )
    | st.from_regex(r"[A-Z_]{1,12}", fullmatch=True),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
    | st.sampled_from(["./evil.so", "/tmp", "/proc/self/root", "."]),
    max_size=4,
)
ANY_NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=24
) | st.sampled_from(
    [
        *("evil.so", "libc.so.6", "sub/ld.so", "../out", "/etc/passwd", "a/../../b", "CON", "-o"),
        *("stdio.h", "main.c", "a.out", ".bashrc", "x" * 300, "sitecustomize.py"),
    ]
)


@pytest.mark.requires_toolchain("c")
async def test_no_field_weakens_the_filter_of_a_compiled_program(engine: berm.Engine) -> None:
    """The fields that a warm Python does not have: environment, entry, compiler flags, any file."""

    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(
        files=st.dictionaries(ANY_NAMES, st.binary(max_size=60), max_size=4),
        flags=st.lists(
            st.sampled_from(["-O0", "-O3", "-static", "-fplugin=x", "-w", "@f"]), max_size=2
        ),
        entry=st.none() | ANY_NAMES,
        env=VARIABLES,
        args=st.lists(st.text(st.characters(exclude_characters="\0"), max_size=10), max_size=3),
        collect=st.lists(ANY_NAMES | st.sampled_from(["*", "**/*", "[", "../*"]), max_size=2),
    )
    def sample(**fields: Any) -> None:
        asked.append(fields)

    asked: list[dict[str, Any]] = []
    sample()
    asked.append({"files": {}, "flags": [], "entry": None, "env": {}, "args": [], "collect": []})
    ran = 0
    for fields in asked:
        try:
            program = await engine.prepare(
                C_PROBE, "c", fields["files"], entry=fields["entry"], flags=fields["flags"]
            )
        except berm.BermError as error:
            assert not isinstance(error, CellError), fields
            continue
        try:
            result = await engine.execute(
                program, args=fields["args"], env=fields["env"], collect=fields["collect"]
            )
        except berm.BermError as error:
            assert not isinstance(error, CellError), fields
            continue
        finally:
            program.close()
        if program.ok and result.outcome.ok:
            ran += 1
            assert result.text == C_EXPECTED, (fields, result)
        assert "DONE" not in result.text, (fields, result)
    assert ran > 0
    assert (await engine.run("print(1)")).text == "1\n"


async def test_no_field_of_a_request_weakens_the_filter(engine: berm.Engine) -> None:
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(
        args=st.lists(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
            max_size=5,
        ),
        stdin=st.binary(max_size=200),
        files=st.dictionaries(NAMES, st.binary(max_size=50), max_size=4),
        limits=st.builds(
            berm.Limits,
            cpu_time=st.floats(1, 600),
            memory=st.integers(64 * 1024 * 1024, 2**33),
            processes=st.integers(1, 64),
            open_files=st.integers(16, 4096),
            file_size=st.integers(0, 2**30),
            output=st.integers(200, 2**20),
            disk=st.integers(64 * 1024, 2**32),
            wall_time=st.floats(1, 600),
        ),
        language=st.sampled_from(["python", "py", "Python", "python3"]),
        min_isolation=st.sampled_from([(), "standard", ("network",), ("filesystem", "cleanup")]),
    )
    def sample(**fields: Any) -> None:
        asked.append(fields)

    asked: list[dict[str, Any]] = []
    sample()
    for fields in asked:
        try:
            result = await engine.run(PROBE, **fields)
        except berm.InputError:
            continue
        assert result.text == EXPECTED, (fields, result)
