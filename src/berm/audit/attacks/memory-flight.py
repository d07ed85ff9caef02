# id = "memory-flight"
# title = "hide descriptors and their buffers in flight between sockets (SCM_RIGHTS)"
# guarantee = "memory"
# layers = ["cgroup", "rlimits", "seccomp"]
# source = ["measured: socket buffers"]
# expect = ["memory_limit"]
# limits = { memory = 67108864, wall_time = 8.0 }
# bare = "user"
import os
import socket
import time

from attack import escaped, held, reason

block = b"x" * 65536
total = 0
refused = "nothing"
try:
    carrier = socket.socketpair()
    carrier[0].setblocking(False)
    while total <= 160 << 20:
        read, write = os.pipe()
        os.set_blocking(write, False)
        size = 0
        try:
            while True:
                size += os.write(write, block)
        except BlockingIOError:
            pass
        try:
            socket.send_fds(carrier[0], [b"x"], [read, write])
        except BlockingIOError:
            # This carrier is full: send it through the next one.
            following = socket.socketpair()
            following[0].setblocking(False)
            socket.send_fds(following[0], [b"x"], [carrier[0].fileno(), carrier[1].fileno()])
            for end in carrier:
                end.close()
            carrier = following
        total += size
        os.close(read)
        os.close(write)
except OSError as error:
    refused = reason(error)
except AttributeError:
    refused = "Python without send_fds"
time.sleep(0.7)
if total > 128 << 20:
    escaped("%d MiB in flight under a limit of 64 MiB" % (total >> 20))
held("%d MiB in flight, then %s" % (total >> 20, refused))
