# id = "sys-reboot"
# title = "reboot or halt the machine, hang up its terminal"
# guarantee = "privileges"
# layers = ["capabilities", "seccomp"]
# source = ["surface: syscalls"]
# bare = "root"
# notes = "The magic numbers are wrong on purpose: the kernel says EINVAL only after its permission check."
import errno

from attack import Tally, syscall

tally = Tally()
tally.attempt("reboot", lambda: syscall("reboot", 1, 2, 3, None), past=(errno.EINVAL,))
tally.finish()
