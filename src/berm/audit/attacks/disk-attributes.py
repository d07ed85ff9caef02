# id = "disk-attributes"
# title = "hide data in extended attributes, symbolic links and file names"
# guarantee = "disk"
# layers = ["mount-namespace", "watchdog"]
# source = ["measured: setxattr", "known: inode exhaustion"]
# expect = ["file_limit", "memory_limit", "cpu_limit", "wall_limit"]
# limits = { disk = 4194304, wall_time = 8.0, cpu_time = 8.0 }
# bare = "user"
import os
import time

from attack import escaped, held, reason

total = 0
refused = set()
for number in range(12000):
    try:
        os.symlink("x" * 4000, "l%d" % number)
        total += 4000
    except OSError as error:
        refused.add("symlink " + reason(error))
        break
open("carrier", "w").close()
for number in range(2000):
    try:
        os.setxattr("carrier", "user.a%d" % number, b"x" * 4000)
        total += 4000
    except OSError as error:
        refused.add("setxattr " + reason(error))
        break
time.sleep(0.6)
if total > 16 << 20:
    escaped("%d MiB in links and attributes under a disk limit of 4 MiB" % (total >> 20))
held("%d KiB, then %s" % (total >> 10, ", ".join(sorted(refused))))
