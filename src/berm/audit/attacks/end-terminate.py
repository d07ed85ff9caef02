# id = "end-terminate"
# title = "end by a signal to itself, which does nothing to a pid 1"
# guarantee = "cleanup"
# layers = ["agent"]
# source = ["measured: default-action signals behave differently for pid 1"]
# expect = ["signalled:SIGTERM"]
# bare = ""
# why = "What counts is that the end is told as what it was."
import os
import signal
import time

os.kill(os.getpid(), signal.SIGTERM)
time.sleep(1)
print("ESCAPED the signal had no effect")
