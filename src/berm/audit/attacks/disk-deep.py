# id = "disk-deep"
# title = "fill the disk deeper than paths are long"
# guarantee = "disk"
# layers = ["mount-namespace", "watchdog"]
# source = ["found while building: a watchdog that walks by path does not come that far"]
# expect = ["file_limit", "memory_limit"]
# limits = { disk = 4194304, file_size = 1048576, wall_time = 8.0 }
# bare = "user"
import os
import time

from attack import escaped, held, reason

DEPTH = 24  # names of 200 bytes: 4,800 bytes of path, PATH_MAX is 4,096
block = b"x" * (1 << 20)
total = 0
refused = "nothing"
try:
    for _ in range(DEPTH):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    for number in range(32):
        with open("f%d" % number, "wb", buffering=0) as file:
            total += file.write(block)
except OSError as error:
    refused = reason(error)
time.sleep(0.8)
for number in range(32):
    try:
        os.unlink("f%d" % number)
    except OSError:
        pass
for _ in range(DEPTH):
    os.chdir("..")
    try:
        os.rmdir("d" * 200)
    except OSError:
        break
if total > 16 << 20:
    escaped("%d MiB were written under a limit of 4 MiB" % (total >> 20))
held("%d KiB written, then %s" % (total >> 10, refused))
