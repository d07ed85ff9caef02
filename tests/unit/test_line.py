"""What the host says to a fork server that does not listen at the moment: it waits, in order, within bounds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

import pytest

from berm.cell import line as lines
from berm.cell.line import Line
from berm.errors import CellError
from berm_cell import protocol

pytestmark = pytest.mark.anyio


@contextlib.contextmanager
def sockets():
    host, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    host.setblocking(False)
    child.setblocking(False)
    with host, child:
        yield host, child


async def heard(child, most):
    """Read until so many frames came."""
    frames = []
    async with asyncio.timeout(20):
        while len(frames) < most:
            try:
                frames.append(protocol.receive_frame(child))
            except BlockingIOError:
                await asyncio.sleep(0.001)
    return frames


async def test_a_burst_waits_and_arrives_in_order_with_its_descriptors():
    with sockets() as (host, child):
        line = Line(host, lambda: pytest.fail("it is not lost"))
        before = len(os.listdir("/proc/self/fd"))
        for number in range(2000):
            fd = os.memfd_create("x")
            os.write(fd, b"%d" % number)
            line.say({"op": "cell", "id": number}, [fd] if number % 50 == 0 else [])
            os.close(fd)
        assert line.waiting > 1000  # or this tests nothing
        frames = await heard(child, 2000)
        assert [frame["id"] for frame, _ in frames] == list(range(2000))
        for frame, fds in frames:
            assert len(fds) == (frame["id"] % 50 == 0)
            for fd in fds:
                assert os.pread(fd, 9, 0) == b"%d" % frame["id"]
            protocol.close_all(fds)
        assert line.waiting == 0
        line.say({"op": "end", "id": 1})
        assert protocol.receive_frame(child)[0] == {"op": "end", "id": 1}
        line.close()
        assert len(os.listdir("/proc/self/fd")) == before


async def test_what_anybody_can_send_any_number_of_never_waits():
    with sockets() as (host, child):
        line = Line(host, lambda: pytest.fail("it is not lost"))
        for number in range(5000):
            line.say({"op": "signal", "id": number}, now_or_never=True)
        assert line.waiting == 0
        line.say({"op": "end", "id": 1})
        assert line.waiting == 1
        line.say({"op": "signal", "id": -1}, now_or_never=True)  # not before what waits
        frames = []
        while not frames or frames[-1][0]["op"] != "end":
            frames += await heard(child, 1)
        assert all(frame["id"] >= 0 for frame, _ in frames)
        line.close()


async def test_more_than_a_fork_server_can_have_cells_is_refused(monkeypatch):
    monkeypatch.setattr(lines, "MOST_WAITING", 10)
    with sockets() as (host, _):
        line = Line(host, lambda: pytest.fail("it is not lost"))
        with pytest.raises(CellError, match="10 frames wait"):
            for number in range(5000):
                line.say({"op": "end", "id": number})
        line.close()


async def test_who_is_gone_while_frames_wait_is_noticed_once():
    with sockets() as (host, child):
        lost = []
        line = Line(host, lambda: lost.append(1))
        fd = os.memfd_create("x")
        for number in range(1000):
            line.say({"op": "end", "id": number}, [fd] if number == 999 else [])
        os.close(fd)
        assert line.waiting
        child.close()
        async with asyncio.timeout(10):
            while not lost:
                await asyncio.sleep(0.01)
        assert line.waiting == 0
        with pytest.raises(OSError, match="Broken pipe"):
            line.say({"op": "end", "id": 1})
        await asyncio.sleep(0.05)
        assert lost == [1]
