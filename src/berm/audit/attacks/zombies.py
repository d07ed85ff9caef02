# id = "zombies"
# title = "leave zombies and orphans for somebody else to reap"
# guarantee = "cleanup"
# layers = ["pid-namespace", "agent"]
# source = ["limit: zombies"]
# expect = ["exited:0", "process_limit", "cpu_limit"]
# limits = { processes = 40 }
# bare = ""
# why = "What counts is what is left; the audit looks for it."
import os
import time

made = 0
for _ in range(30):
    try:
        child = os.fork()
    except OSError:
        break
    if child == 0:
        try:
            os.fork()
        except OSError:
            pass
        os._exit(0)
    made += 1
time.sleep(0.1)
print("made", made)
