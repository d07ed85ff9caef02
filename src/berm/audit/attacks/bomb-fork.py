# id = "bomb-fork"
# title = "fork bomb: every process forks for ever"
# guarantee = "process_count"
# layers = ["cgroup", "rlimits", "watchdog"]
# confined = ["cgroup", "seccomp", "watchdog"]
# source = ["limit: fork bomb"]
# expect = ["process_limit", "cpu_limit", "wall_limit", "memory_limit"]
# limits = { wall_time = 2.0, cpu_time = 2.0 }
# bare = ""
# why = "A bomb is never run bare. It has a fuse: 2000 processes, ten seconds."
import array
import fcntl
import os
import signal
import termios

# What is in a pipe is seen by all: a byte for each process that ever was.
read, write = os.pipe()
signal.alarm(10)
while True:
    try:
        child = os.fork()
    except OSError:
        continue
    if child == 0:
        signal.alarm(10)
        os.write(write, b"x")
        total = array.array("i", [0])
        fcntl.ioctl(read, termios.FIONREAD, total)
        if total[0] > 2000:
            print("ESCAPED 2000 processes were made", flush=True)
            os.kill(0, signal.SIGKILL)
