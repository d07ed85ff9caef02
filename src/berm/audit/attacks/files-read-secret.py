# id = "files-read-secret"
# title = "read a world-readable file of the host by every way to open one"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs"]
# source = ["go-judge#176", "QingdaoU/OnlineJudge#165"]
# needs = ["secret-file"]
# bare = "user"
import mmap
import os

from attack import Tally, props

path = props["secret_path"]
tally = Tally()


def show(fd):
    print("READ", os.read(fd, 200))
    os.close(fd)


def by_open():
    show(os.open(path, os.O_RDONLY))


def by_path_fd():
    handle = os.open(path, os.O_PATH)
    show(os.open("/proc/self/fd/%d" % handle, os.O_RDONLY))


def by_directory():
    folder = os.open(props["secret_dir"], os.O_RDONLY | os.O_DIRECTORY)
    show(os.open(os.path.basename(path), os.O_RDONLY, dir_fd=folder))


def by_map():
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        print("READ", memory[:200])


def by_sendfile():
    fd = os.open(path, os.O_RDONLY | os.O_NOATIME)
    os.sendfile(1, fd, 0, 200)


tally.attempt("open", by_open)
tally.attempt("O_PATH", by_path_fd)
tally.attempt("directory", by_directory)
tally.attempt("listdir", lambda: os.listdir(props["secret_dir"]))
tally.attempt("mmap", by_map)
tally.attempt("sendfile", by_sendfile)
tally.finish()
