# id = "memory-children"
# title = "take memory in several processes, each below the limit"
# guarantee = "memory"
# layers = ["cgroup", "watchdog", "seccomp"]
# source = ["measured: 20 x 100 MB fork stopped at 342 MiB"]
# expect = ["memory_limit", "process_limit"]
# limits = { memory = 67108864, processes = 8, wall_time = 8.0 }
# bare = "user"
import os
import time

from attack import escaped, held, reason

read, write = os.pipe()
made = 0
for _ in range(6):
    try:
        child = os.fork()
    except OSError as error:
        held("fork: " + reason(error))
    if child == 0:
        os.close(read)
        try:
            block = b"x" * (50 << 20)
        except MemoryError:
            os._exit(0)
        os.write(write, b"1")
        time.sleep(2)
        os._exit(0)
    made += 1
os.close(write)
time.sleep(1.5)
os.set_blocking(read, False)
try:
    count = len(os.read(read, 100))
except BlockingIOError:
    count = 0
if count >= 3:
    escaped("%d children held 50 MiB each under a limit of 64 MiB" % count)
held("%d of %d children got theirs" % (count, made))
