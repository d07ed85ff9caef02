# id = "cpu-children"
# title = "use processor time in short-lived children and orphans, each below the limit"
# guarantee = "cpu"
# layers = ["watchdog"]
# source = ["limit: user+sys of the whole tree"]
# expect = ["cpu_limit", "process_limit"]
# limits = { cpu_time = 1.0, wall_time = 12.0, processes = 6 }
# bare = "user"
import os
import time

from attack import held, reason

for _ in range(16):
    try:
        child = os.fork()
    except OSError as error:
        held("fork: " + reason(error))
    if child == 0:
        # The worker is an orphan: its own parent never waits for it.
        try:
            if os.fork() == 0:
                while time.process_time() < 0.3:
                    pass
        except OSError:
            while time.process_time() < 0.3:
                pass
        os._exit(0)
    os.waitpid(child, 0)
    time.sleep(0.35)
print("ESCAPED 16 workers used 0.3 s each under a limit of 1 s")
