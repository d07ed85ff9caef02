# id = "memory-shared"
# title = "take shared anonymous memory, which RLIMIT_DATA does not count"
# guarantee = "memory"
# layers = ["cgroup", "watchdog"]
# source = ["measured: RLIMIT_DATA does not cover MAP_SHARED (400M held)"]
# expect = ["memory_limit"]
# limits = { memory = 67108864 }
# bare = "user"
import mmap
import time

from attack import escaped, held

try:
    block = mmap.mmap(-1, 400 << 20, flags=mmap.MAP_SHARED)
except (OSError, MemoryError) as error:
    held("mmap: %s" % error)
for offset in range(0, len(block), 4096):
    block[offset] = 1
time.sleep(0.7)
escaped("held %d MiB shared for 0.7 s under a limit of 64 MiB" % (len(block) >> 20))
