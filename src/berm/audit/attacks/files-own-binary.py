# id = "files-own-binary"
# title = "overwrite the running interpreter and the launcher through /proc/*/exe"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs", "uid"]
# source = ["CVE-2019-5736"]
# bare = "root"
import errno
import os
import sys

from attack import Tally

tally = Tally()
# ETXTBSY comes after the permission check: whoever gets it only has to wait.
past = (errno.ETXTBSY,)
paths = ["/proc/self/exe", "/proc/1/exe", "/proc/%d/exe" % os.getppid(), sys.executable or "/usr/bin/python3"]
paths += [os.path.realpath("/proc/self/exe"), "/usr/bin/env", "/bin/sh", os.__file__]


def writable(path):
    os.close(os.open(path, os.O_WRONLY))


for path in paths:
    tally.attempt(path, writable, path, past=past)
tally.finish()
