# id = "output-held-open"
# title = "leave a daemon that keeps the output streams open"
# guarantee = "wall_time"
# layers = ["pid-namespace", "agent"]
# source = ["DMOJ#318 (a daemon survives)"]
# expect = ["exited:0"]
# limits = { wall_time = 4.0 }
# bare = ""
# why = "The host is the target; the audit measures that the run ends when the program does."
import os
import time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        os._exit(0)
except OSError:
    pass
print("HELD the program ended", flush=True)
os._exit(0)
