# id = "disk-unlinked"
# title = "fill the disk with files that no longer have a name"
# guarantee = "disk"
# layers = ["mount-namespace", "watchdog"]
# source = ["found while building: a watchdog that walks the directory does not see them"]
# expect = ["file_limit", "memory_limit"]
# limits = { disk = 4194304, file_size = 2097152, wall_time = 8.0 }
# bare = "user"
import os
import time

from attack import escaped, held, reason

block = b"x" * (1 << 20)
total = 0
refused = ""
kept = []
try:
    for number in range(24):
        fd = os.open("gone", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink("gone")
        kept.append(fd)
        total += os.write(fd, block)
        total += os.write(fd, block)
except OSError as error:
    refused = reason(error)
time.sleep(0.8)
if total > 16 << 20:
    escaped("%d MiB were held without a name under a limit of 4 MiB" % (total >> 20))
held("%d KiB held, then %s" % (total >> 10, refused))
