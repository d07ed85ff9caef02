# id = "trace-list"
# title = "list the other processes of the machine and read what they were started with"
# guarantee = "processes"
# layers = ["pid-namespace"]
# confined = ["landlock-fs"]
# source = ["measured: cmdline and status need /proc closed", "SandboxFusion base.py"]
# needs = ["bystander", "service"]
# bare = "user"
import os

from attack import CANARY, Tally, held, props

tally = Tally()
own = {os.getpid(), os.getppid(), 1}


def read(path):
    with open(path, "rb") as file:
        text = file.read()
    for found in set(CANARY.findall(text)):
        print("READ", found.decode())
    if not text:
        raise PermissionError(13, "empty")


for pid in (props["bystander_pid"], props["service_pid"]):
    for name in ("cmdline", "status", "stat", "comm", "statm", "wchan", "limits"):
        tally.attempt("%d/%s" % (pid, name), read, "/proc/%d/%s" % (pid, name))
try:
    others = sorted(int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in own)
except OSError:
    others = []
for pid in others[:20]:
    tally.attempt("listed %d" % pid, read, "/proc/%d/cmdline" % pid)
if not tally.through and not tally.refused:
    held("nobody else in /proc")
tally.finish()
