# id = "sys-secret-memory"
# title = "take memory that no watcher sees: memfd_secret"
# guarantee = "memory"
# layers = ["seccomp"]
# source = ["measured: memfd held 480 MiB while an RSS watch saw 36"]
# bare = "user"
# notes = "Kernels before 6.5 have it only when booted with secretmem.enable=1."
from attack import Tally, syscall

tally = Tally()
tally.attempt("memfd_secret", syscall, "memfd_secret", 0)
tally.finish()
