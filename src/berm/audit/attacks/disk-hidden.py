# id = "disk-hidden"
# title = "fill the disk below a directory that its owner may not list"
# guarantee = "disk"
# layers = ["mount-namespace", "watchdog"]
# source = ["found while building: a watchdog of the same uid could not look into it, and counted nothing"]
# expect = ["file_limit", "memory_limit"]
# limits = { disk = 4194304, file_size = 1048576, wall_time = 8.0 }
# bare = "user"
import os
import shutil
import time

from attack import escaped, held, reason

block = b"x" * (1 << 20)
total = 0
refused = "nothing"
os.mkdir("hidden", 0o300)
try:
    for number in range(32):
        with open("hidden/%d" % number, "wb", buffering=0) as file:
            total += file.write(block)
except OSError as error:
    refused = reason(error)
time.sleep(0.8)
try:
    os.chmod("hidden", 0o700)
    shutil.rmtree("hidden")
except OSError:
    pass
if total > 16 << 20:
    escaped("%d MiB were written under a limit of 4 MiB" % (total >> 20))
held("%d KiB written, then %s" % (total >> 10, refused))
