# id = "files-metadata"
# title = "change mode, times, owner or attributes of a host file and directory"
# guarantee = "filesystem"
# layers = ["pivot-root"]
# confined = ["seccomp"]
# source = ["measured: chmod, utime, setxattr still work under Landlock"]
# needs = ["host-file"]
# bare = "user"
# notes = "The staged files are made by the service's user; bare, the attack runs as that user."
import os

from attack import Tally, props

tally = Tally()
for path in (props["host_path"], props["host_dir"]):
    name = os.path.basename(path)[:4]
    tally.attempt(name + " chmod", os.chmod, path, 0o700)
    tally.attempt(name + " utime", os.utime, path, (1, 1))
    tally.attempt(name + " utime now", os.utime, path)
    tally.attempt(name + " chown", os.chown, path, os.getuid(), os.getgid())
    tally.attempt(name + " setxattr", os.setxattr, path, "user.berm", b"x")

tally.attempt("fchmodat", lambda: os.chmod(os.path.basename(path), 0o700, dir_fd=os.open(os.path.dirname(path), os.O_PATH)))
tally.finish()
