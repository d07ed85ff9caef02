# id = "bomb-fork"
# title = "fork bomb: every process forks for ever"
# guarantee = "process_count"
# layers = ["cgroup", "seccomp", "watchdog"]
# source = ["limit: fork bomb"]
# expect = ["process_limit", "cpu_limit", "wall_limit", "memory_limit", "signalled", "exited"]
# limits = { wall_time = 2.0, cpu_time = 2.0 }
# bare = ""
# why = "A bomb is never run bare. It has a fuse: 2000 processes, ten seconds."
import mmap
import os
import signal

counter = mmap.mmap(-1, 4)
signal.alarm(10)
while True:
    try:
        child = os.fork()
    except OSError:
        continue
    if child == 0:
        signal.alarm(10)
        total = int.from_bytes(counter[:4], "little") + 1
        counter[:4] = total.to_bytes(4, "little")
        if total > 2000:
            print("ESCAPED 2000 processes were made", flush=True)
            os.kill(0, signal.SIGKILL)
