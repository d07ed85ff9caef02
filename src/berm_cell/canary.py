"""The canary: forbidden things, tried from inside a finished cell, before any program runs there.

It runs where a program would run, after the last layer is applied, with the same descriptors.
Each attempt that gets through is reported by the guarantee that it breaks; the host decides. A
layer that the kernel accepted but does not enforce is found here (cf. OpenShell #584).
"""

import fcntl
import json
import os
import socket
import time

from berm_cell import _syscalls as sys_


def run(request):
    """Try everything, write ``{"escaped": [[guarantee, what], ...]}`` to stdout, and end."""
    escaped = []
    for guarantee, what, attempt in _attempts(request):
        try:
            got = attempt()
        except (OSError, ValueError, MemoryError):
            continue
        if got is not False:
            escaped.append([guarantee, what])
    os.write(1, json.dumps({"escaped": escaped}).encode("ascii"))
    os._exit(0)


def hoard(size):
    """Take ``size`` bytes of memory, touch each page, and keep them; the host expects to see it ended.

    For a second, because where a watchdog is all that holds memory (gVisor), what counts is that it ends
    who keeps too much: between two of its looks more may be taken.
    """
    block = bytearray(size)
    for offset in range(0, size, 4096):
        block[offset] = 1
    time.sleep(1)
    os.write(1, b'{"escaped": [["memory", "took and kept more than its limit"]]}')
    os._exit(0)


def _attempts(request):
    host = request["host_pid"]
    return [
        ("filesystem", "read a file of the host", lambda: _read(request["secret"])),
        ("filesystem", "listed the directory of a file of the host", lambda: _list(request)),
        ("filesystem", "made a file beside a file of the host", lambda: _make(request)),
        ("filesystem", "wrote below /usr", lambda: _open_new("/usr/berm-canary")),
        ("filesystem", "wrote below /etc", lambda: _open_new("/etc/berm-canary")),
        ("network", "connected to a port of the host", lambda: _connect_tcp(request["port"])),
        ("network", "connected to a socket of the host", lambda: _connect_unix(request["name"])),
        ("network", "opened a UDP socket", lambda: _socket(socket.AF_INET, socket.SOCK_DGRAM)),
        ("network", "opened a netlink socket", lambda: _socket(16, socket.SOCK_RAW)),
        ("network", "opened an AF_ALG socket", lambda: _socket(38, socket.SOCK_SEQPACKET)),
        ("processes", "could signal the service", lambda: os.kill(host, 0)),
        ("processes", "could signal its parent", _signal_parent),
        ("processes", "changed the priority of the service", lambda: _priority(host)),
        (
            "secrets",
            "read the environment of the service",
            lambda: _read("/proc/%d/environ" % host),
        ),
        ("secrets", "has more open files than 0, 1, 2", lambda: _more_files(request["in_process"])),
        ("syscalls", "made a user namespace", lambda: _done(sys_.unshare, sys_.CLONE_NEWUSER)),
        ("syscalls", "mounted a file system", lambda: _done(sys_.mount, "x", "/", "tmpfs", 0)),
        ("syscalls", "traced a process", lambda: sys_.ptrace_attach(host) == 0),
        ("privileges", "became root", lambda: _done(os.setresuid, 0, 0, 0)),
        ("privileges", "regained a capability", sys_.has_capabilities),
        ("privileges", "can gain privileges by exec", lambda: not sys_.has_no_new_privs()),
    ]


def _done(function, *arguments):
    function(*arguments)
    return True


def _read(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return len(os.read(fd, 1)) > 0
    finally:
        os.close(fd)


def _list(request):
    return bool(os.listdir(os.path.dirname(request["secret"])))


def _make(request):
    return _open_new(os.path.join(os.path.dirname(request["secret"]), "planted"))


def _open_new(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return True


def _socket(family, kind):
    socket.socket(family, kind).close()
    return True


def _connect_tcp(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(0.5)
        sock.connect(("127.0.0.1", port))
    return True


def _connect_unix(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(0.5)
        sock.connect("\0" + name)
    return True


def _signal_parent():
    """True if a signal other than the existence check would reach the agent or the launcher.

    A pid namespace's init cannot be hurt from inside and answers to the check; there is no
    harm in that.
    """
    parent = os.getppid()
    if parent <= 1:
        return False
    os.kill(parent, 0)
    return True


def _priority(pid):
    before = os.getpriority(os.PRIO_PROCESS, pid)
    os.setpriority(os.PRIO_PROCESS, pid, before)
    return True


def _more_files(in_process):
    """True if the program would have more than 0, 1, 2; what exec closes does not count."""
    for fd in range(3, 256):
        try:
            flags = fcntl.fcntl(fd, fcntl.F_GETFD)
        except OSError:
            continue
        if in_process or not flags & fcntl.FD_CLOEXEC:
            return True
    return False
