# id = "wall-stopped"
# title = "stop itself, so that the run never ends by itself"
# guarantee = "wall_time"
# layers = ["watchdog"]
# source = ["measured: SIGSTOP"]
# expect = ["wall_limit", "signalled:SIGKILL", "signalled:SIGSTOP"]
# limits = { wall_time = 0.7 }
# bare = ""
# why = "The host is the target; the audit measures that the run ends at its limit."
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
print("HELD stopping was refused or undone")
