"""An innocent process of the host, for attacks to find, stop, read, reach or kill.

Started by the audit as ``python3 -I -S bystander.py CANARY``, with the uid of the service,
another canary in its environment, and its requests as JSON lines on standard input:

    {"do": "stage", "what": "tcp", "folder": "...", "canary": "..."} -> {"values": {...}}
    {"do": "report"} -> {"events": [...]}          what happened to it since it began
    {"do": "quit"}                                   (or end of input) removes what it staged

It has no secret but canaries. Everything in it is a real object of the kernel.
"""

import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
LIBC.shmat.restype = ctypes.c_void_p
IPC_PRIVATE, IPC_CREAT, IPC_RMID = 0, 0o1000, 0
KEYS = {"x86_64": (248, 250), "aarch64": (217, 219)}.get(os.uname().machine, (0, 0))
KEY_SPEC_USER_KEYRING = -4
KEYCTL_UNLINK, KEYCTL_SETPERM = 9, 5

events = []
sockets = {}
undo = []
kept = {}


def note(event):
    if len(events) < 200:
        events.append(event)


def on_signal(number, frame):
    note("received signal " + signal.Signals(number).name)


def listen(name, family, kind, address):
    sock = socket.socket(family, kind)
    sock.bind(address)
    if kind == socket.SOCK_STREAM:
        sock.listen(16)
    sock.setblocking(False)
    sockets[sock.fileno()] = (name, sock)
    return sock


def stage_memory(request):
    kept["memory"] = request["canary"].encode()
    # A bytes object's text begins after its header and ends with one NUL (CPython's layout).
    address = id(kept["memory"]) + bytes.__basicsize__ - 1
    kept["writable"] = bytearray(b"untouched-" * 8)
    buffer = (ctypes.c_char * len(kept["writable"])).from_buffer(kept["writable"])
    kept["buffer"] = buffer
    return {
        "bystander_pid": os.getpid(),
        "bystander_secret_address": address,
        "bystander_secret_length": len(kept["memory"]),
        "bystander_writable_address": ctypes.addressof(buffer),
    }


def stage_fd(request):
    path = os.path.join(request["folder"], "held-open")
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.write(fd, request["canary"].encode())
    os.lseek(fd, 0, os.SEEK_SET)
    os.unlink(path)
    kept["fd"] = fd
    return {"bystander_pid": os.getpid(), "bystander_fd": fd}


def stage_tcp(request):
    return {"tcp_port": listen("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)).getsockname()[1]}


def stage_tcp6(request):
    return {"tcp6_port": listen("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)).getsockname()[1]}


def stage_udp(request):
    return {"udp_port": listen("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)).getsockname()[1]}


def stage_unix(request):
    values = {}
    for name, kind in (("unix_stream", socket.SOCK_STREAM), ("unix_dgram", socket.SOCK_DGRAM)):
        path = os.path.join(request["folder"], name)
        listen(name, socket.AF_UNIX, kind, path)
        os.chmod(path, 0o666)
        values[name + "_path"] = path
    return values


def stage_abstract(request):
    values = {}
    for name, kind in (("abstract_stream", socket.SOCK_STREAM), ("abstract_dgram", socket.SOCK_DGRAM)):
        address = "berm-audit-" + os.urandom(8).hex()
        listen(name, socket.AF_UNIX, kind, "\0" + address)
        values[name] = address
    return values


def stage_vsock(request):
    sock = listen("vsock", socket.AF_VSOCK, socket.SOCK_STREAM, (socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
    return {"vsock_port": sock.getsockname()[1]}


def stage_caller(request):
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    kept["call"] = probe.getsockname()[1]
    probe.close()
    return {"caller_port": kept["call"]}


def stage_shm(request):
    size = 4096
    text = request["canary"].encode()
    # A key that others can guess, as programs that meet over SysV memory have one.
    key = 0x42000000 | int.from_bytes(os.urandom(3), "big")
    segment = LIBC.shmget(key, size, IPC_CREAT | 0o666)
    if segment < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    undo.append(lambda: LIBC.shmctl(segment, IPC_RMID, None))
    address = LIBC.shmat(segment, None, 0)
    ctypes.memmove(address, text + b"\0", len(text) + 1)
    return {"shm_id": segment, "shm_key": key}


def stage_mq(request):
    library = ctypes.CDLL("librt.so.1", use_errno=True)
    name = "/berm-audit-" + os.urandom(6).hex()
    queue = library.mq_open(name.encode(), os.O_CREAT | os.O_RDWR, 0o666, None)
    if queue < 0:
        raise OSError(ctypes.get_errno(), "mq_open")
    undo.append(lambda: library.mq_unlink(name.encode()))
    LIBC.fchmod(queue, 0o666)
    text = request["canary"].encode()
    if library.mq_send(queue, text, len(text), 0) < 0:
        raise OSError(ctypes.get_errno(), "mq_send")
    kept["mq"] = queue
    return {"mq_name": name}


def stage_key(request):
    name = "berm-audit-" + os.urandom(6).hex()
    text = request["canary"].encode()
    key = LIBC.syscall(
        ctypes.c_long(KEYS[0]), b"user", name.encode(), text, ctypes.c_long(len(text)),
        ctypes.c_long(KEY_SPEC_USER_KEYRING),
    )
    if key < 0:
        raise OSError(ctypes.get_errno(), "add_key")
    LIBC.syscall(ctypes.c_long(KEYS[1]), ctypes.c_long(KEYCTL_SETPERM), ctypes.c_long(key), ctypes.c_long(0x3F3F3F3F))
    undo.append(
        lambda: LIBC.syscall(
            ctypes.c_long(KEYS[1]), ctypes.c_long(KEYCTL_UNLINK), ctypes.c_long(key), ctypes.c_long(KEY_SPEC_USER_KEYRING)
        )
    )
    return {"key_id": key, "key_name": name}


def stage_devshm(request):
    path = "/dev/shm/berm-audit-" + os.urandom(6).hex()
    with open(path, "w") as file:
        file.write(request["canary"])
    os.chmod(path, 0o666)
    undo.append(lambda: os.unlink(path))
    return {"devshm_path": path}


def state():
    return {
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "affinity": sorted(os.sched_getaffinity(0)),
        "scheduler": os.sched_getscheduler(0),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
    }


def serve(fd):
    name, sock = sockets[fd]
    try:
        if sock.type == socket.SOCK_STREAM:
            connection, _ = sock.accept()
            connection.settimeout(0.2)
            try:
                text = connection.recv(200)
            except OSError:
                text = b""
            connection.close()
        else:
            text, _ = sock.recvfrom(200)
    except OSError:
        return
    note("reached on " + name + ": " + repr(text[:80]))


def call():
    caller = socket.socket()
    caller.settimeout(0.05)
    try:
        caller.connect(("127.0.0.1", kept["call"]))
        note("a listener inside the cell could be reached from the host")
    except OSError:
        pass
    finally:
        caller.close()


def report(before):
    for fd in list(sockets):
        while select.select([fd], [], [], 0)[0]:
            serve(fd)
    now = state()
    for name, value in now.items():
        if value != before[name]:
            note("its " + name + " was changed from %r to %r" % (before[name], value))
    if "writable" in kept and bytes(kept["writable"]) != b"untouched-" * 8:
        note("its memory was written to")
    return {"events": events}


def main():
    for number in signal.valid_signals() - {
        signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, 32, 33,
    }:
        try:
            signal.signal(number, on_signal)
        except (OSError, ValueError):
            pass
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    before = state()
    pending = b""
    while True:
        ready, _, _ = select.select([0, *sockets], [], [], 0.05)
        if "call" in kept:
            call()
        for fd in ready:
            if fd != 0:
                serve(fd)
                continue
            chunk = os.read(0, 65536)
            if not chunk:
                return
            pending += chunk
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                request = json.loads(line)
                if request["do"] == "quit":
                    return
                if request["do"] == "report":
                    answer = report(before)
                else:
                    try:
                        answer = {"values": globals()["stage_" + request["what"]](request)}
                    except (OSError, AttributeError) as error:
                        answer = {"missing": request["what"] + ": " + str(error)}
                sys.stdout.write(json.dumps(answer) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    finally:
        for step in undo:
            step()
