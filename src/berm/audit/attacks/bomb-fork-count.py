# id = "bomb-fork-count"
# title = "keep more processes alive than the limit allows"
# guarantee = "process_count"
# layers = ["cgroup", "rlimits", "watchdog"]
# confined = ["cgroup", "seccomp", "watchdog"]
# source = ["measured: RLIMIT_NPROC counts across runs"]
# expect = ["process_limit"]
# limits = { processes = 5, wall_time = 6.0 }
# bare = "user"
import os
import signal
import time

from attack import escaped, held, reason

children = []
refused = ""
for _ in range(60):
    try:
        child = os.fork()
    except OSError as error:
        refused = reason(error)
        break
    if child == 0:
        signal.alarm(8)
        time.sleep(8)
        os._exit(0)
    children.append(child)
time.sleep(0.6)
alive = 1
for child in children:
    if os.waitpid(child, os.WNOHANG) == (0, 0):
        alive += 1
for child in children:
    try:
        os.kill(child, signal.SIGKILL)
    except OSError:
        pass
if alive > 8:
    escaped("%d processes were alive at a time" % alive)
held("%d alive, then %s" % (alive, refused))
