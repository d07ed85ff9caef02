"""What a warden says reaches the host, or the host hears why not."""

import errno
import os
import socket

import pytest

from berm_cell import protocol, warden


@pytest.fixture
def said(monkeypatch):
    """A warden whose user has too many descriptors under way for so many sends, and what it sent."""
    monkeypatch.setattr(warden, "FULL_PAUSE", 0.0)
    host, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read, write = os.pipe()
    made = warden.Warden(ours, read)
    send, refusals = protocol.send_frame, []

    def sending(sock, message, fds=()):
        if fds and refusals:
            refusals.pop()
            raise OSError(errno.ETOOMANYREFS, "too many references")
        send(sock, message, fds)

    monkeypatch.setattr(protocol, "send_frame", sending)
    yield made, host, refusals
    for fd in (read, write):
        os.close(fd)
    host.close()
    ours.close()


def test_a_report_with_files_waits_for_room(said):
    made, host, refusals = said
    refusals.extend([None] * 3)
    made.tell({"op": "ended", "id": 7}, [0])
    message, fds = protocol.receive_frame(host)
    protocol.close_all(fds)
    assert (message, len(fds)) == ({"op": "ended", "id": 7}, 1)


def test_one_that_never_finds_room_is_told_as_a_failure(said):
    made, host, refusals = said
    refusals.extend([None] * warden.FULL_ROUNDS)
    made.tell({"op": "ended", "id": 7}, [0])
    message, fds = protocol.receive_frame(host)
    assert fds == []
    assert (message["op"], message["id"], message["errno"]) == ("failed", 7, errno.ETOOMANYREFS)
