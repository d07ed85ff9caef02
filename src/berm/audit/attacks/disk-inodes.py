# id = "disk-inodes"
# title = "use up the inodes with empty files, links and directories"
# guarantee = "disk"
# layers = ["mount-namespace", "watchdog"]
# source = ["known: inode exhaustion"]
# expect = ["file_limit", "memory_limit", "cpu_limit", "wall_limit"]
# limits = { wall_time = 8.0, cpu_time = 8.0, disk = 4194304 }
# bare = "user"
import os
import time

from attack import escaped, held, reason

made = 0
refused = ""
try:
    for number in range(30000):
        os.close(os.open("f%d" % number, os.O_CREAT | os.O_WRONLY))
        made += 1
except OSError as error:
    refused = reason(error)
time.sleep(0.6)
for number in range(made):
    os.unlink("f%d" % number)
if made >= 30000:
    escaped("30000 files under a disk limit of 4 MiB")
held("%d files, then %s" % (made, refused))
