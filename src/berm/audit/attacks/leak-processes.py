# id = "leak-processes"
# title = "find and signal a run at the same time by its process number"
# guarantee = "processes"
# layers = ["pid-namespace", "uid", "landlock-scope"]
# source = ["eoj#27", "measured: same-uid sibling"]
# neighbour = "leak-processes.first.py"
# when = "during"
# bare = "user"
# notes = "The neighbour says itself if anything was done to it. The attack tries every number near its own, with signals that nobody else minds."
import ctypes
import os
import signal

from attack import CANARY, escaped, held, syscall

signal.signal(signal.SIGURG, signal.SIG_IGN)
found = set()
reached = []
own = {os.getpid(), os.getppid(), 1}
try:
    pids = {int(name) for name in os.listdir("/proc") if name.isdigit()}
except OSError:
    pids = set()
pids |= set(range(max(2, os.getpid() - 300), os.getpid() + 300))
for pid in sorted(pids - own):
    for name in ("cmdline", "environ"):
        try:
            with open("/proc/%d/%s" % (pid, name), "rb") as file:
                found.update(match.decode() for match in CANARY.findall(file.read()))
        except OSError:
            pass
    try:
        os.kill(pid, signal.SIGURG)
        reached.append(pid)
    except OSError:
        pass
if found:
    escaped("the other run's arguments: " + ", ".join(found))
if reached:
    escaped("signals arrived at %d other processes" % len(reached))
held("%d numbers tried" % len(pids))
