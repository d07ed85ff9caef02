# id = "signal-everyone"
# title = "signal every process at once: kill(-1)"
# guarantee = "processes"
# layers = ["pid-namespace", "uid", "landlock-scope"]
# source = ["eoj#27"]
# needs = ["bystander"]
# bare = "user"
# notes = "SIGURG is ignored by default, so that nobody is hurt where this gets through. The kernel's check is the same as for SIGKILL; the bystander tells whether it arrived."
import os
import signal
import time

from attack import held, reason

signal.signal(signal.SIGURG, signal.SIG_IGN)
detail = []
for target in (-1, -os.getppid(), 0):
    try:
        os.kill(target, signal.SIGURG)
        detail.append("kill(%d) returned" % target)
    except OSError as error:
        detail.append("kill(%d) %s" % (target, reason(error)))
time.sleep(0.2)
held("the bystander decides: " + ", ".join(detail))
