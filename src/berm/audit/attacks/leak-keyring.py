# id = "leak-keyring"
# title = "meet the run before in the user's keyring"
# guarantee = "processes"
# layers = ["seccomp", "user-namespace", "uid"]
# source = ["isolate 2.6 (keyring)"]
# neighbour = "leak-keyring.first.py"
# bare = "user"
import ctypes

from attack import Tally, props, syscall

tally = Tally()


def search(ring):
    key = syscall("keyctl", 10, ring, b"user", ("berm-" + props["token"]).encode(), 0)
    buffer = ctypes.create_string_buffer(200)
    syscall("keyctl", 11, key, buffer, 200)
    print("READ", buffer.value)


for name, ring in (("user", -4), ("user session", -5), ("session", -3)):
    tally.attempt(name, search, ring)
tally.finish()
