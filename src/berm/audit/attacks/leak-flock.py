# id = "leak-flock"
# title = "signal a run at the same time through locks on a file that both can read"
# guarantee = "processes"
# layers = ["seccomp"]
# source = ["found while building: flock works on read-only descriptors"]
# neighbour = "leak-flock.first.py"
# when = "during"
# bare = "user"
# notes = "A covert channel of one bit a lock. Channels by timing remain, as in every shared machine."
import fcntl
import os
import sys

from attack import escaped, held, reason

bits = []
for path in (os.__file__, os.path.realpath(sys.executable or "/usr/bin/python3"), "/usr/bin/env"):
    try:
        with open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                bits.append(path + " free")
            except BlockingIOError:
                escaped("the other run's lock on %s shows" % path)
    except OSError as error:
        bits.append(path + " " + reason(error))
held(", ".join(bits))
