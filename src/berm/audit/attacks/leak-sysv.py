# id = "leak-sysv"
# title = "meet the run before in System V memory, semaphores and queues"
# guarantee = "processes"
# layers = ["ipc-namespace", "seccomp"]
# source = ["isolate 2.6", "measured: SysV shm shared by the same uid"]
# neighbour = "leak-sysv.first.py"
# bare = "user"
import ctypes

from attack import CANARY, Tally, props, syscall

key = int(props["token"][:7], 16)
tally = Tally()
library = ctypes.CDLL(None, use_errno=True)
library.shmat.restype = ctypes.c_void_p


def memory():
    segment = syscall("shmget", key, 4096, 0o600)
    address = library.shmat(segment, None, 0)
    text = ctypes.string_at(address, 64)
    library.shmctl(segment, 0, None)
    for match in CANARY.findall(text):
        print("READ", match.decode())
    return text


def queue():
    number = syscall("msgget", key, 0o600)
    buffer = ctypes.create_string_buffer(200)
    syscall("msgrcv", number, buffer, 100, 0, 0o4000)
    library.msgctl(number, 0, None)
    print("READ", buffer.raw[8:60])


def semaphore():
    number = syscall("semget", key, 1, 0o600)
    library.semctl(number, 0, 0)


tally.attempt("memory", memory)
tally.attempt("queue", queue)
tally.attempt("semaphore", semaphore)
tally.finish()
