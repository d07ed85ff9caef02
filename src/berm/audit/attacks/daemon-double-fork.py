# id = "daemon-double-fork"
# title = "leave daemons behind: double fork, own session, all signals ignored"
# guarantee = "cleanup"
# layers = ["pid-namespace", "agent", "cgroup"]
# source = ["DMOJ#318", "known: double-fork survivors"]
# expect = ["exited:0", "process_limit"]
# bare = ""
# why = "What counts is what is left; the audit looks for it. The daemons end by themselves after 30 s."
import os
import signal
import time

for _ in range(3):
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.chdir("/")
                for number in range(1, 65):
                    try:
                        signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError):
                        pass
                for fd in (0, 1, 2):
                    os.close(fd)
                time.sleep(30)
            os._exit(0)
    except OSError:
        break
time.sleep(0.1)
