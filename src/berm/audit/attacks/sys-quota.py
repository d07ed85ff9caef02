# id = "sys-quota"
# title = "read and set disk quotas"
# guarantee = "syscalls"
# layers = ["seccomp"]
# source = ["surface: quota"]
# bare = "user"
import ctypes
import errno

from attack import Tally, syscall

tally = Tally()
buffer = ctypes.create_string_buffer(256)
# What the kernel says after it has looked at the command: ESRCH (no quota here), ENODEV, ENOENT, EINVAL...
past = (errno.ESRCH, errno.ENODEV, errno.ENOENT, errno.EINVAL, errno.ENOTBLK, errno.ENOTSUP)
tally.attempt("quotactl sync", lambda: syscall("quotactl", 0x80000100, None, 0, None), past=past)
tally.attempt("quotactl get", lambda: syscall("quotactl", 0x80000700, b"/dev/vda", 0, buffer), past=past)
tally.finish()
