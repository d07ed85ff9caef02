# id = "disk-fill"
# title = "fill the disk with many files"
# guarantee = "disk"
# layers = ["mount-namespace", "watchdog"]
# source = ["limit: disk fill"]
# expect = ["file_limit", "memory_limit"]
# limits = { disk = 4194304, file_size = 1048576, wall_time = 8.0 }
# bare = "user"
import os
import tempfile
import time

from attack import escaped, held, reason

block = b"x" * (1 << 20)
total = 0
refused = set()
for place in (".", tempfile.gettempdir(), "/dev/shm", "/var/tmp"):
    for number in range(40):
        try:
            with open(os.path.join(place, "fill-%d" % number), "wb", buffering=0) as file:
                total += file.write(block)
        except OSError as error:
            refused.add(place + " " + reason(error))
            break
time.sleep(0.6)
names = ["%s/fill-%d" % (place, n) for place in (".", tempfile.gettempdir(), "/dev/shm", "/var/tmp") for n in range(40)]
for name in names:
    if os.path.exists(name):
        os.unlink(name)
if total > 8 << 20:
    escaped("%d MiB were written under a limit of 4 MiB" % (total >> 20))
held("%d KiB written, then %s" % (total >> 10, ", ".join(sorted(refused))))
