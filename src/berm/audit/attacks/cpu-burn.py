# id = "cpu-burn"
# title = "use processor time without end"
# guarantee = "cpu"
# layers = ["rlimits", "watchdog"]
# source = ["limit: CPU limit"]
# expect = ["cpu_limit"]
# limits = { cpu_time = 0.5, wall_time = 8.0 }
# bare = "user"
import signal
import time

signal.signal(signal.SIGXCPU, signal.SIG_IGN)
while time.process_time() < 2.5:
    pass
print("ESCAPED 2.5 s of processor time under a limit of 0.5 s")
