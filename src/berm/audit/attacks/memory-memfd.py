# id = "memory-memfd"
# title = "take memory in memfd files, which no RSS shows"
# guarantee = "memory"
# layers = ["cgroup", "seccomp", "rlimits", "watchdog"]
# source = ["measured: memfd 480 MiB held while an RSS watch saw 36"]
# expect = ["memory_limit", "file_limit"]
# limits = { memory = 67108864, file_size = 1073741824 }
# bare = "user"
import ctypes
import os
import time

from attack import escaped, held, reason, syscall

held_bytes = 0
fds = []
block = b"x" * (1 << 20)
try:
    for number in range(8):
        fd = syscall("memfd_create", b"berm", 0)
        fds.append(fd)
        for _ in range(50):
            held_bytes += os.write(fd, block)
except OSError as error:
    if held_bytes < 150 << 20:
        held("%s after %d MiB" % (reason(error), held_bytes >> 20))
time.sleep(0.7)
escaped("held %d MiB in memfd for 0.7 s under a limit of 64 MiB" % (held_bytes >> 20))
