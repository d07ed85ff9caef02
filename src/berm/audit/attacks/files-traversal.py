# id = "files-traversal"
# title = "reach a host file through .., symbolic links and /proc/*/root"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs"]
# source = ["CVE-2024-28185", "denoland/deno#12152"]
# needs = ["secret-file"]
# bare = "user"
import os

from attack import Tally, props

path = props["secret_path"]
tally = Tally()


def read(name):
    with open(name, "rb") as file:
        print("READ", file.read(200))


def through_link(target):
    os.symlink(target, "link")
    try:
        read("link")
    finally:
        os.unlink("link")


ways = {
    "dots": "../" * 40 + path.lstrip("/"),
    "slashes": "//" + path.replace("/", "///"),
    "self/root": "/proc/self/root" + path,
    "self/cwd": "/proc/self/cwd/" + "../" * 40 + path.lstrip("/"),
    "1/root": "/proc/1/root" + path,
    "parent/root": "/proc/%d/root%s" % (os.getppid(), path),
    "thread/root": "/proc/thread-self/root" + path,
    "dev/fd": "/dev/fd/../root" + path,
}
for label, way in ways.items():
    tally.attempt(label, read, way)
    tally.attempt("link to " + label, through_link, way)
os.makedirs("a/b", exist_ok=True)
os.symlink("../" * 40, "a/b/up")
tally.attempt("directory link", read, "a/b/up/" + path.lstrip("/"))
tally.finish()
