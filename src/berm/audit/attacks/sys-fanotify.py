# id = "sys-fanotify"
# title = "listen to all file accesses with fanotify"
# guarantee = "syscalls"
# layers = ["seccomp"]
# source = ["surface: fanotify"]
# bare = "root"
from attack import Tally, syscall

tally = Tally()
tally.attempt("class notify", lambda: syscall("fanotify_init", 0, 0))
tally.attempt("class content", lambda: syscall("fanotify_init", 4, 0))
tally.attempt("report names", lambda: syscall("fanotify_init", 0xE00, 0))
tally.finish()
