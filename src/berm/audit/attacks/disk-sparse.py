# id = "disk-sparse"
# title = "make files that are far larger than what they hold"
# guarantee = "disk"
# layers = ["rlimits", "mount-namespace"]
# source = ["known: sparse files"]
# expect = ["file_limit"]
# limits = { file_size = 1048576 }
# bare = "user"
import os
import signal

from attack import Tally

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
tally = Tally()


def by_seek():
    with open("sparse-seek", "wb", buffering=0) as file:
        file.seek(1 << 34)
        file.write(b"x")


def by_truncate():
    fd = os.open("sparse-truncate", os.O_CREAT | os.O_RDWR)
    os.truncate(fd, 1 << 34)


def by_allocate():
    fd = os.open("sparse-allocate", os.O_CREAT | os.O_RDWR)
    os.posix_fallocate(fd, 0, 8 << 20)


tally.attempt("seek", by_seek)
tally.attempt("truncate", by_truncate)
tally.attempt("fallocate", by_allocate)
tally.finish()
