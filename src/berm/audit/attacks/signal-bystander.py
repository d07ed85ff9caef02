# id = "signal-bystander"
# title = "stop and kill another process by its number"
# guarantee = "processes"
# layers = ["pid-namespace", "uid", "landlock-scope"]
# source = ["eoj#27"]
# needs = ["bystander"]
# bare = "user"
import os
import signal

from attack import Tally, props

pid = props["bystander_pid"]
tally = Tally()
for number in (0, signal.SIGURG, signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
    tally.attempt("signal %d" % number, os.kill, pid, number)
tally.attempt("its group", os.killpg, pid, signal.SIGKILL)
tally.finish()
