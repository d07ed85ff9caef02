# id = "wall-pipes"
# title = "close the standard streams and live on"
# guarantee = "wall_time"
# layers = ["watchdog"]
# source = ["limit: wall limit"]
# expect = ["wall_limit"]
# limits = { wall_time = 0.5 }
# bare = ""
# why = "The host is the target; the audit measures that the run ends at its limit."
import os
import time

for fd in (0, 1, 2):
    os.close(fd)
time.sleep(20)
