# id = "sys-keyring"
# title = "read the user's keys and leave one: keyctl, add_key, request_key"
# guarantee = "syscalls"
# layers = ["seccomp"]
# source = ["isolate 2.6", "surface: keyctl"]
# needs = ["key"]
# bare = "user"
import ctypes

from attack import Tally, props, syscall

tally = Tally()


def read_key(key):
    buffer = ctypes.create_string_buffer(200)
    syscall("keyctl", 11, key, buffer, 200)
    print("READ", buffer.value)


def search(ring):
    key = syscall("keyctl", 10, ring, b"user", props["key_name"].encode(), 0)
    read_key(key)


tally.attempt("read", read_key, props["key_id"])
for name, ring in (("user", -4), ("user session", -5), ("session", -3)):
    tally.attempt("search " + name, search, ring)
tally.attempt("add_key", lambda: syscall("add_key", b"user", b"berm-audit-left", b"x", 1, -2))
tally.attempt("request_key", lambda: syscall("request_key", b"user", props["key_name"].encode(), None, -4))
tally.attempt("join session", lambda: syscall("keyctl", 1, b"berm-audit"))
tally.finish()
