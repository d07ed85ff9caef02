# id = "memory-slowly"
# title = "take memory in small pieces, slowly"
# guarantee = "memory"
# layers = ["cgroup", "rlimits", "watchdog"]
# source = ["limit: memory bomb"]
# expect = ["memory_limit"]
# limits = { memory = 67108864, wall_time = 8.0 }
# bare = "user"
import time

from attack import escaped, held

pieces = []
try:
    for _ in range(75):
        pieces.append(b"x" * (4 << 20))
        time.sleep(0.02)
except MemoryError:
    pieces = pieces[:1]
    held("MemoryError")
escaped("held %d MiB under a limit of 64 MiB" % (4 * len(pieces)))
