# id = "sys-modules"
# title = "load and unload kernel modules, and a new kernel"
# guarantee = "privileges"
# layers = ["capabilities", "seccomp"]
# source = ["surface: init_module, kexec"]
# bare = "root"
# notes = "Every image is rubbish and every name unknown, so that nothing happens after the permission check."
import errno

from attack import Tally, syscall

tally = Tally()
past = (errno.EINVAL, errno.ENOEXEC, errno.EFAULT, errno.ENOENT, errno.EBADF, errno.EADDRNOTAVAIL, errno.EWOULDBLOCK)
tally.attempt("init_module", lambda: syscall("init_module", b"rubbish", 7, b""), past=past)
tally.attempt("finit_module", lambda: syscall("finit_module", -1, b"", 0), past=past)
tally.attempt("delete_module", lambda: syscall("delete_module", b"berm_no_such", 0x800), past=past)
tally.attempt("kexec_load", lambda: syscall("kexec_load", 0, 9999, None, 0), past=past)
tally.attempt("kexec_file_load", lambda: syscall("kexec_file_load", -1, -1, 0, b"", 0), past=past)
tally.finish()
