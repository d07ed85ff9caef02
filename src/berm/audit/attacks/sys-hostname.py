# id = "sys-hostname"
# title = "set the host name and the domain name"
# guarantee = "privileges"
# layers = ["capabilities", "seccomp"]
# source = ["surface: hostname setting"]
# bare = "root"
# notes = "It sets the names that are already set."
import os

from attack import Tally, syscall

tally = Tally()
name = os.uname().nodename.encode()
tally.attempt("sethostname", lambda: syscall("sethostname", name, len(name)))
tally.attempt("setdomainname", lambda: syscall("setdomainname", b"(none)", 6))
tally.finish()
