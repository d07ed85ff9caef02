# id = "sys-handles"
# title = "ask for inode handles with name_to_handle_at, and open one"
# guarantee = "syscalls"
# layers = ["seccomp"]
# source = ["surface: name_to_handle_at, open_by_handle_at"]
# bare = "user"
import ctypes
import os

from attack import Tally, syscall

tally = Tally()
handle = (ctypes.c_uint32 * 40)(128)
mount = ctypes.c_int()
for path in (b".", b"/", b"/usr"):
    tally.attempt(path.decode(), lambda: syscall("name_to_handle_at", -100, path, ctypes.byref(handle), ctypes.byref(mount), 0))
    handle[0] = 128
tally.attempt("open", lambda: syscall("open_by_handle_at", os.open(".", os.O_RDONLY), ctypes.byref(handle), 0))
tally.finish()
