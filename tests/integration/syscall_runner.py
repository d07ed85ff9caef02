"""Run a command under a seccomp filter, or write down which syscalls it makes. Stdlib only, no privilege needed.

    syscall_runner.py filter PROGRAM -- COMMAND...     PROGRAM is a file with the filter's bytes
    syscall_runner.py trace OUT -- COMMAND...          OUT gets "number count" lines

A command that starts with ``in-process`` names a Python file that this interpreter runs itself after the filter
is in force, as the warm launcher does. Tracing uses user notification: every call asks the listener, which
writes it down and lets it go on; that is for tests only, a cell's filter never lets anything go on.
"""

import collections
import ctypes
import errno
import fcntl
import os
import runpy
import select
import socket
import struct
import sys

SELF_PID = 0x7FF05E1F  # berm.kernel.bpf.SELF_PID
LIBC = ctypes.CDLL(None, use_errno=True)
NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101
RET_USER_NOTIF, RET_ALLOW = 0x7FC00000, 0x7FFF0000


def install(program, flags=0):
    LIBC.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    code = ctypes.create_string_buffer(program, len(program))
    prog = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    result = LIBC.syscall(317, 1, flags, prog)
    if result < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return result


def run_under(path, command):
    with open(path, "rb") as file:
        program = bytearray(file.read())
    for offset in range(0, len(program), 8):
        code, jt, jf, k = struct.unpack_from("<HBBI", program, offset)
        if code == 0x15 and k == SELF_PID:
            struct.pack_into("<HBBI", program, offset, code, jt, jf, os.getpid())
    if command[0] != "in-process":
        install(bytes(program))
        os.execvp(command[0], command)
    sys.argv = command[1:]
    install(bytes(program))
    runpy.run_path(command[1], run_name="__main__")


CHANNEL = 200
# Everything asks the listener, but for the one sendmsg that takes the listener to the parent.
TRACING = b"".join(
    struct.pack("<HBBI", *one)
    for one in (
        (0x20, 0, 0, 0),  # LD nr
        (0x15, 0, 3, 46),  # sendmsg
        (0x20, 0, 0, 16),  # LD its fd
        (0x15, 0, 1, CHANNEL),
        (0x06, 0, 0, RET_ALLOW),
        (0x06, 0, 0, RET_USER_NOTIF),
    )
)


def start_traced(channel, command):
    """In the child: install the filter, send the listener, become the command."""
    os.dup2(channel.fileno(), CHANNEL, inheritable=False)
    listener = os.dup(0)  # the number that the listener will have
    os.close(listener)
    # struct msghdr with one byte and one descriptor, laid out before the filter asks about every call
    control = ctypes.create_string_buffer(
        struct.pack("<Qiiixxxx", 20, socket.SOL_SOCKET, socket.SCM_RIGHTS, listener)
    )
    byte = ctypes.create_string_buffer(b"x")
    vector = ctypes.create_string_buffer(struct.pack("<QQ", ctypes.addressof(byte), 1))
    message = ctypes.create_string_buffer(
        struct.pack(
            "<QIxxxxQQQQixxxx", 0, 0, ctypes.addressof(vector), 1, ctypes.addressof(control), 24, 0
        )
    )
    install(TRACING, 8)  # SECCOMP_FILTER_FLAG_NEW_LISTENER
    LIBC.sendmsg(CHANNEL, message, 0)
    os.close(listener)
    os.execvp(command[0], command)


def trace(out, command):
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            start_traced(theirs, command)
        finally:
            os._exit(127)
    theirs.close()
    _, [listener], *_ = socket.recv_fds(ours, 1, 1)
    counts = collections.Counter()
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        [(_, event)] = poll.poll()
        if not event & select.POLLIN:
            break  # POLLHUP: nobody has the filter any more
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, NOTIF_RECV, request)
            ident, _, _, nr = struct.unpack_from("<QIIi", request)
            counts[nr] += 1
            fcntl.ioctl(listener, NOTIF_SEND, bytearray(struct.pack("<QqiI", ident, 0, 0, 1)))
        except OSError as err:
            if err.errno != errno.ENOENT:  # the caller was killed meanwhile
                raise
    with open(out, "w") as file:
        file.writelines(f"{nr} {count}\n" for nr, count in sorted(counts.items()))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    mode, name, separator, *rest = sys.argv[1:]
    assert separator == "--"
    {"filter": run_under, "trace": trace}[mode](name, rest)
