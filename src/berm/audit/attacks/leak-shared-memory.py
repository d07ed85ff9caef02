# id = "leak-shared-memory"
# title = "meet the run before in POSIX shared memory"
# guarantee = "processes"
# layers = ["mount-namespace", "pivot-root", "landlock-fs"]
# confined = ["landlock-fs"]
# source = ["isolate 2.6 (/dev/shm)"]
# neighbour = "leak-queue.first.py"
# bare = "user"
import os

from attack import Tally, props

tally = Tally()
name = "berm-" + props["token"]


def memory():
    with open("/dev/shm/" + name, "rb") as file:
        print("READ", file.read(100))
    os.unlink("/dev/shm/" + name)


tally.attempt("shared memory", memory)
tally.finish()
