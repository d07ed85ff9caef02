# id = "files-hardlink"
# title = "hard-link a host file into the working directory"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs"]
# source = ["CVE-2024-28189"]
# needs = ["host-file"]
# bare = "user"
# notes = "Bare it can fail with EXDEV where the temporary directory is another file system."
import os

from attack import Tally, props

path = props["host_path"]
tally = Tally()


def link(source, **options):
    os.link(source, "linked", **options)
    with open("linked", "r+") as file:
        print("READ", file.read(200))
    os.unlink("linked")


tally.attempt("link", link, path)
tally.attempt("link by /proc/self/fd", lambda: link("/proc/self/fd/%d" % os.open(path, os.O_PATH), follow_symlinks=True))
tally.attempt("link out", lambda: (open("own", "w").close(), os.link("own", props["host_dir"] + "/linked")))
tally.finish()
