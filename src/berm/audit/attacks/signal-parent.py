# id = "signal-parent"
# title = "stop and kill the process that watches the run"
# guarantee = "processes"
# layers = ["pid-namespace", "uid", "landlock-scope"]
# source = ["eoj#27", "measured: pid 1 survives SIGKILL from inside"]
# expect = ["exited:0"]
# bare = "user"
# notes = "kill(1) inside a pid namespace returns success and does nothing, so that what counts is whether the parent lives."
import os
import signal
import time

from attack import escaped, held, reason

parent = os.getppid()
if parent == 0:
    held("the parent is outside of this pid namespace")
if parent == 1 and os.getpid() > 100:
    held("the watcher is gone, and the parent is the machine's init")
detail = []
for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
    try:
        os.kill(parent, number)
        detail.append("%d returned" % number)
    except OSError as error:
        detail.append("%d %s" % (number, reason(error)))
time.sleep(0.3)
if os.getppid() != parent:
    escaped("the parent %d is dead: %s" % (parent, ", ".join(detail)))
held("the parent lives: " + ", ".join(detail))
