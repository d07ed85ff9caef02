# id = "sys-log"
# title = "read the kernel's log"
# guarantee = "syscalls"
# layers = ["seccomp"]
# source = ["surface: syslog"]
# bare = "root"
# notes = "Where kernel.dmesg_restrict=0 any user gets through bare."
import ctypes

from attack import Tally, syscall

tally = Tally()
buffer = ctypes.create_string_buffer(4096)
tally.attempt("size", lambda: syscall("syslog", 10, None, 0))
tally.attempt("read all", lambda: syscall("syslog", 3, buffer, 4096))


def device():
    with open("/dev/kmsg", "rb", buffering=0) as file:
        file.read(1000)


tally.attempt("/dev/kmsg", device)
tally.finish()
