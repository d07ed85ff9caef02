"""Programs that the launcher brings along: where a process finds one to execute it."""

import os


def place(path, image):
    """Write one, as every user may run and nobody may change it."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o555)
    try:
        os.write(fd, image)
    finally:
        os.close(fd)


def hold(name, image):
    """Keep one in an anonymous file of this process; returns a descriptor of it."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    try:
        os.write(fd, image)
        # Executing a file that is open for writing fails (ETXTBSY).
        return os.open("/proc/self/fd/%d" % fd, os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(fd)


def path_of(fd):
    """The path by which a process that has the descriptor executes the program."""
    return "/proc/self/fd/%d" % fd
