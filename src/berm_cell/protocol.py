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
_ANCILLARY = socket.CMSG_SPACE(MAX_FDS * _FD.size)
# Plain numbers: arithmetic on the enumerations that the socket module makes of them is slow.
_SOL_SOCKET, _SCM_RIGHTS = int(socket.SOL_SOCKET), int(socket.SCM_RIGHTS)
_MSG_NOSIGNAL, _MSG_CMSG_CLOEXEC = int(socket.MSG_NOSIGNAL), int(socket.MSG_CMSG_CLOEXEC)
MSG_DONTWAIT = int(socket.MSG_DONTWAIT)
_TRUNCATED = int(socket.MSG_CTRUNC) | int(socket.MSG_TRUNC)

# What json.loads and json.dumps come to, without the layers of Python that each call goes through.
_SCAN = json.JSONDecoder().scan_once  # pyright: ignore[reportAttributeAccessIssue]


_MAKE_ENCODER = getattr(json.encoder, "c_make_encoder", None)
if _MAKE_ENCODER is not None:
    _ENCODE = _MAKE_ENCODER(
        *(None, json.JSONEncoder().default, json.encoder.encode_basestring_ascii, None),
        *(":", ",", False, False, True),
    )

    def _dumps(message):
        return "".join(_ENCODE(message, 0))

else:  # PyPy

    def _dumps(message):
        return json.dumps(message, separators=(",", ":"))


class FrameError(Exception):
    """A frame was malformed, over its bound, or the other side is gone half-way."""


def pack(message):
    """The bytes of one frame; raises ``FrameError`` if it is too large."""
    data = _dumps(message).encode("ascii")
    if len(data) > MAX_FRAME:
        raise FrameError("frame of %d bytes, at most %d" % (len(data), MAX_FRAME))
    return data


def send_frame(sock, message, fds=()):
    """Send one frame; raises ``FrameError`` if it is too large, ``OSError`` if the peer is gone."""
    send_packet(sock, pack(message), fds)


def send_packet(sock, data, fds=()):
    """Send bytes and descriptors as one packet, whatever they mean."""
    if len(fds) > MAX_FDS:
        raise FrameError("frame with %d descriptors, at most %d" % (len(fds), MAX_FDS))
    if not fds:
        sock.send(data, _MSG_NOSIGNAL)
        return
    packed = b"".join(_FD.pack(fd) for fd in fds)
    sock.sendmsg([data], [(_SOL_SOCKET, _SCM_RIGHTS, packed)], _MSG_NOSIGNAL)


def receive_frame(sock, flags=0):
    """Receive one frame: ``(message, fds)``, or ``(None, [])`` when the other side has closed.

    Blocks as the socket and ``flags`` do (``BlockingIOError`` on a non-blocking one). The descriptors are
    close-on-exec. Raises ``FrameError`` for everything that is not a well-formed frame, after
    closing whatever descriptors came with it.
    """
    data, fds = receive_packet(sock, flags)
    if not data and not fds:
        return None, []
    try:
        return parse(data), fds
    except FrameError:
        close_all(fds)
        raise


def receive_packet(sock, flags=0):
    """Receive the bytes and descriptors of one packet, unparsed; ``(b"", [])`` at the end."""
    data, ancillary, flags, _ = sock.recvmsg(MAX_FRAME + 1, _ANCILLARY, flags | _MSG_CMSG_CLOEXEC)
    fds = []
    for level, kind, payload in ancillary:
        if level == _SOL_SOCKET and kind == _SCM_RIGHTS:
            whole = len(payload) - len(payload) % _FD.size
            fds.extend(row[0] for row in _FD.iter_unpack(payload[:whole]))
    if flags & _TRUNCATED or len(data) > MAX_FRAME:
        close_all(fds)
        raise FrameError("frame over its bound")
    return data, fds


def parse(data):
    """Return the object of a frame's bytes; raises ``FrameError`` if it is none."""
    try:
        text = data.decode("utf-8")
        message, end = _SCAN(text, 0)
    except (ValueError, RecursionError, StopIteration) as error:
        raise FrameError("frame is not JSON") from error
    if end != len(text):
        raise FrameError("frame has something after its JSON")
    if not isinstance(message, dict):
        raise FrameError("frame is not a JSON object")
    return message


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
