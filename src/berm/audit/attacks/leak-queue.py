# id = "leak-queue"
# title = "meet the run before in a POSIX message queue"
# guarantee = "processes"
# layers = ["ipc-namespace", "seccomp", "rlimits"]
# confined = ["seccomp", "rlimits"]
# source = ["isolate 2.6", "measured: POSIX mq survives the run"]
# neighbour = "leak-queue.first.py"
# bare = "user"
import ctypes
import os

from attack import Tally, props, syscall

tally = Tally()
name = "berm-" + props["token"]


def queue():
    number = syscall("mq_open", name.encode(), os.O_RDWR | os.O_NONBLOCK, 0, None)
    buffer = ctypes.create_string_buffer(9000)
    length = syscall("mq_timedreceive", number, buffer, 8192, None, None)
    syscall("mq_unlink", name.encode())
    print("READ", buffer.raw[:length])


tally.attempt("queue", queue)
tally.finish()
