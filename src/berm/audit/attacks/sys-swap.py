# id = "sys-swap"
# title = "switch swap on and off, and process accounting"
# guarantee = "privileges"
# layers = ["capabilities", "seccomp"]
# source = ["surface: swapon"]
# bare = "root"
# notes = "The files are no swap areas, so that nothing happens after the permission check."
import errno

from attack import Tally, syscall

tally = Tally()
open("empty", "w").close()
past = (errno.EINVAL, errno.ENOENT, errno.ENOTBLK, errno.EACCES)
tally.attempt("swapon", lambda: syscall("swapon", b"empty", 0), past=(errno.EINVAL, errno.ENOENT))
tally.attempt("swapoff", lambda: syscall("swapoff", b"empty"), past=(errno.EINVAL, errno.ENOENT))
tally.attempt("acct", lambda: syscall("acct", b"not-there"), past=(errno.ENOENT, errno.EINVAL))
tally.finish()
