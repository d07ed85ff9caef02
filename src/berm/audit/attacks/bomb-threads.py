# id = "bomb-threads"
# title = "keep more threads alive than the limit allows"
# guarantee = "process_count"
# layers = ["cgroup", "watchdog"]
# source = ["limit: threads of a runtime itself not counted"]
# expect = ["process_limit", "memory_limit"]
# limits = { processes = 5, wall_time = 6.0 }
# bare = "user"
import threading
import time

from attack import escaped, held

threading.stack_size(65536)
stop = time.monotonic() + 5
started = []
refused = ""
for _ in range(120):
    thread = threading.Thread(target=lambda: time.sleep(max(0, stop - time.monotonic())), daemon=True)
    try:
        thread.start()
    except (RuntimeError, MemoryError) as error:
        refused = str(error)
        break
    started.append(thread)
time.sleep(0.6)
alive = sum(thread.is_alive() for thread in started) + 1
if alive > 8:
    escaped("%d threads were alive at a time" % alive)
held("%d alive, then %s" % (alive, refused))
