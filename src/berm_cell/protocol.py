"""Bounded frames between the host and the launcher: one JSON object and some fds a packet.

The sockets are ``AF_UNIX`` ``SOCK_SEQPACKET`` pairs, so that the kernel keeps the
boundaries of the frames, and a frame and its file descriptors arrive together. Both sides
treat what arrives as hostile: a frame that is too long, that is not a JSON object, or that
carries more descriptors than it may ends the conversation, and the descriptors are closed.

File contents never travel in a frame. They go by a *bundle*: one anonymous file with the
contents one after the other, described by the ``[name, size, mode]`` rows of the frame.
"""

import json
import os
import socket
import struct

MAX_FRAME = 96 * 1024
"""Bytes of one frame. Linux takes packets up to the socket's send buffer (208 KiB by default)."""

MAX_FDS = 8
"""Descriptors of one frame: stdin, stdout, stderr, a bundle, and room for the cgroup."""

_FD = struct.Struct("i")


class FrameError(Exception):
    """A frame was malformed, over its bound, or the other side is gone half-way."""


def pack(message):
    """The bytes of one frame; raises ``FrameError`` if it is too large."""
    data = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(data) > MAX_FRAME:
        raise FrameError("frame of %d bytes, at most %d" % (len(data), MAX_FRAME))
    return data


def send_frame(sock, message, fds=()):
    """Send one frame; raises ``FrameError`` if it is too large, ``OSError`` if the peer is gone."""
    data = pack(message)
    if len(fds) > MAX_FDS:
        raise FrameError("frame with %d descriptors, at most %d" % (len(fds), MAX_FDS))
    if not fds:
        sock.send(data, socket.MSG_NOSIGNAL)
        return
    packed = b"".join(_FD.pack(fd) for fd in fds)
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)]
    sock.sendmsg([data], ancillary, socket.MSG_NOSIGNAL)


def receive_frame(sock):
    """Receive one frame: ``(message, fds)``, or ``(None, [])`` when the other side has closed.

    Blocks as the socket does (``BlockingIOError`` on a non-blocking one). The descriptors are
    close-on-exec. Raises ``FrameError`` for everything that is not a well-formed frame, after
    closing whatever descriptors came with it.
    """
    data, ancillary, flags, _ = sock.recvmsg(
        MAX_FRAME + 1, socket.CMSG_SPACE(MAX_FDS * _FD.size), socket.MSG_CMSG_CLOEXEC
    )
    fds = []
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            whole = len(payload) - len(payload) % _FD.size
            fds.extend(row[0] for row in _FD.iter_unpack(payload[:whole]))
    try:
        if not data and not fds:
            return None, []
        if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC) or len(data) > MAX_FRAME:
            raise FrameError("frame over its bound")
        try:
            message = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise FrameError("frame is not JSON") from error
        if not isinstance(message, dict):
            raise FrameError("frame is not a JSON object")
    except FrameError:
        close_all(fds)
        raise
    return message, fds


def close_all(fds):
    """Close every descriptor, whatever happens to the others."""
    for fd in fds:
        try:
            os.close(fd)
        except OSError:
            pass


def checked_name(name):
    """Return the parts of a relative file name, or raise ``FrameError``.

    Both sides use it: the host for what it takes out of a cell, the launcher for what it
    writes into one. No absolute name, no ``..``, no empty part, no NUL, bounded depth.
    """
    if not isinstance(name, str) or not 0 < len(name.encode("utf-8", "surrogateescape")) <= 1024:
        raise FrameError("file name is empty or too long")
    parts = name.split("/")
    if len(parts) > 32:
        raise FrameError("file name is nested too deeply")
    for part in parts:
        if part in ("", ".", "..") or "\0" in part or len(part) > 255:
            raise FrameError("file name has a part that is not allowed: %r" % (part[:40],))
    return parts
