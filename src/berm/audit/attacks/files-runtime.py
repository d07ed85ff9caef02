# id = "files-runtime"
# title = "change the interpreter's own library, which every later run would load"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs", "copied-root", "uid"]
# source = ["found while building: where files are copied for cells, the program's uid may own them"]
# bare = ""
# why = "Outside of a cell, as root, it would break this machine's Python."
import _ctypes
import ctypes
import os

from attack import Tally

tally = Tally()
victim = os.__file__
folder = os.path.dirname(victim)
library = ctypes._endian.__file__
extension = _ctypes.__file__


def opened(path, flags):
    os.close(os.open(path, flags))


def replaced(path):
    with open("evil.py", "w") as file:
        file.write("raise SystemExit\n")
    os.rename("evil.py", path)


def linked():
    os.link(victim, "mine.py")
    opened("mine.py", os.O_WRONLY)


def truncated():
    fd = os.open(victim, os.O_RDONLY)
    try:
        os.ftruncate(fd, 0)
    except OSError as error:
        if error.errno == 22:  # EINVAL is ftruncate's word for a descriptor that was not opened for writing
            error.errno = 1
        raise
    finally:
        os.close(fd)


for path in (victim, library, extension):
    tally.attempt("append", opened, path, os.O_WRONLY | os.O_APPEND)
    tally.attempt("open read-write", opened, path, os.O_RDWR)
    tally.attempt("truncate", os.truncate, path, os.stat(path).st_size)
    tally.attempt("chmod", os.chmod, path, 0o777)
    tally.attempt("utime", os.utime, path, (1, 1))
    tally.attempt("setxattr", os.setxattr, path, "user.berm", b"x")
    tally.attempt("unlink", os.unlink, path + ".berm-none", past=())
    tally.attempt("rename away", os.rename, path, os.path.dirname(path) + "/berm-moved")
    tally.attempt("replace", replaced, path)
tally.attempt("ftruncate of a read-only descriptor", truncated)
tally.attempt("write through a hard link", linked)
for place in (folder, os.path.dirname(folder), "/usr", "/usr/bin", "/"):
    tally.attempt("chmod " + place, os.chmod, place, 0o777)
    tally.attempt("new file in " + place, opened, place + "/berm-planted.py", os.O_WRONLY | os.O_CREAT)
    tally.attempt("new directory in " + place, os.mkdir, place + "/berm-planted")
tally.attempt("list run directories", os.listdir, "/runs")
tally.attempt("list the run's parent", os.listdir, os.path.dirname(os.getcwd()))
tally.attempt("new directory beside other runs", os.mkdir, os.path.dirname(os.path.dirname(os.getcwd())) + "/berm-planted")
tally.attempt("new directory in its parent", os.mkdir, os.path.dirname(os.getcwd()) + "/berm-planted")
tally.finish()
