# id = "sys-userfaultfd"
# title = "handle page faults by userfaultfd, the tool of kernel races"
# guarantee = "syscalls"
# layers = ["seccomp"]
# source = ["surface: userfaultfd", "CVE-2022-0492"]
# bare = "root"
from attack import Tally, syscall

tally = Tally()
for flags in (0, 1, 0x80001, 0x800):
    tally.attempt("flags %#x" % flags, syscall, "userfaultfd", flags)
tally.finish()
