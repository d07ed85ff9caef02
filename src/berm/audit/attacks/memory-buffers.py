# id = "memory-buffers"
# title = "park memory in pipe and socket buffers and in descriptors in flight"
# guarantee = "memory"
# layers = ["cgroup", "rlimits", "seccomp"]
# source = ["measured: RLIMIT_DATA does not cover socket buffers"]
# expect = ["memory_limit"]
# limits = { memory = 67108864, open_files = 256 }
# bare = "user"
import fcntl
import os
import socket
import time

from attack import escaped, held

block = b"x" * 65536
total = 0
kept = []
refused = []
try:
    while True:
        read, write = os.pipe()
        kept += [read, write]
        for size in (1 << 20, 1 << 18):
            try:
                fcntl.fcntl(write, 1031, size)
                break
            except OSError:
                pass
        os.set_blocking(write, False)
        try:
            while True:
                total += os.write(write, block)
        except BlockingIOError:
            pass
        if total > 200 << 20:
            break
except OSError as error:
    refused.append("pipes: %s" % error)
for fd in kept[: len(kept) // 2]:
    pass
sockets = []
try:
    while total <= 200 << 20:
        pair = socket.socketpair()
        sockets.append(pair)
        for end in pair:
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 << 20)
            try:
                while True:
                    total += end.send(block)
            except BlockingIOError:
                pass
except OSError as error:
    refused.append("sockets: %s" % error)
time.sleep(0.7)
if total > 128 << 20:
    escaped("%d MiB in buffers under a limit of 64 MiB" % (total >> 20))
held("%d MiB in buffers; %s" % (total >> 20, "; ".join(refused)))
