# id = "files-write-host"
# title = "change, replace, rename or remove a host file that everybody may write"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs"]
# source = ["CVE-2024-28185", "CVE-2024-28189"]
# needs = ["host-file"]
# bare = "user"
import os

from attack import Tally, props

path, folder = props["host_path"], props["host_dir"]
tally = Tally()


def write(flags):
    fd = os.open(path, flags)
    os.write(fd, b"overwritten by the attack")
    os.close(fd)


tally.attempt("append", write, os.O_WRONLY | os.O_APPEND)
tally.attempt("truncate", write, os.O_WRONLY | os.O_TRUNC)
tally.attempt("truncate(2)", os.truncate, path, 0)
tally.attempt("create", lambda: os.close(os.open(folder + "/planted", os.O_CREAT | os.O_WRONLY)))
tally.attempt("mkdir", os.mkdir, folder + "/planted-folder")
tally.attempt("symlink", os.symlink, "/etc/passwd", folder + "/planted-link")
tally.attempt("mkfifo", os.mkfifo, folder + "/planted-fifo")
tally.attempt("tmpfile", lambda: os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY)))
tally.attempt("rename in", lambda: (open("mine", "w").close(), os.rename("mine", folder + "/mine")))
tally.attempt("rename", os.rename, path, path + ".moved")
tally.attempt("unlink", os.unlink, path)
tally.finish()
