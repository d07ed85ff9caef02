# id = "memory-bytearray"
# title = "take memory in one piece, far above the limit"
# guarantee = "memory"
# layers = ["cgroup", "rlimits", "watchdog"]
# source = ["limit: memory bomb"]
# expect = ["memory_limit"]
# limits = { memory = 67108864 }
# bare = "user"
import time

from attack import escaped, held

try:
    block = bytearray(400 << 20)
    for offset in range(0, len(block), 4096):
        block[offset] = 1
except MemoryError:
    held("MemoryError")
time.sleep(0.7)
escaped("held %d MiB for 0.7 s under a limit of 64 MiB" % (len(block) >> 20))
