# id = "trace-memory-files"
# title = "read and write another process's memory through /proc/PID/mem"
# guarantee = "processes"
# layers = ["user-namespace", "pid-namespace", "uid", "landlock-fs"]
# confined = ["uid", "landlock-fs"]
# source = ["measured: /proc/PID/mem of a sibling", "SandboxFusion base.py"]
# needs = ["bystander", "service"]
# bare = "user"
import os

from attack import Tally, props

tally = Tally()
pid = props["bystander_pid"]


def read(target, address, length):
    with open("/proc/%d/mem" % target, "rb", buffering=0) as file:
        file.seek(address)
        print("READ", file.read(length))


def write():
    with open("/proc/%d/mem" % pid, "r+b", buffering=0) as file:
        file.seek(props["bystander_writable_address"])
        file.write(b"changed")


def first_page(target):
    with open("/proc/%d/maps" % target) as file:
        address = int(file.readline().split("-")[0], 16)
    read(target, address, 16)


tally.attempt("read the bystander", read, pid, props["bystander_secret_address"], props["bystander_secret_length"])
tally.attempt("write the bystander", write)
for target in (os.getppid(), 1, props["service_pid"]):
    if target > 0:
        tally.attempt("read %d" % target, first_page, target)
tally.finish()
