# id = "files-existence"
# title = "learn whether a file of the host exists, by stat, access, chdir, readlink"
# guarantee = "filesystem"
# layers = ["pivot-root"]
# source = ["isolate 2.5 (existence oracle)"]
# needs = ["secret-file"]
# worlds = ["namespaces"]
# bare = "user"
# notes = "Landlock has no right for looking at a path: in the confined plan whoever knows a name can learn that it exists. Run directories have unguessable names there."
import os

from attack import Tally, props

path = props["secret_path"]
tally = Tally()
tally.attempt("stat", lambda: os.stat(path).st_size)
tally.attempt("statvfs", lambda: os.statvfs(path).f_bsize)
tally.attempt("chdir", os.chdir, props["secret_dir"])
tally.attempt("O_PATH", os.open, path, os.O_PATH)
if os.access(path, os.F_OK):
    tally.through.append("access")


def exists_by_errno():
    # EEXIST, EACCES and ENOTDIR would each tell that the file is there.
    try:
        os.stat(path + "/x")
    except FileNotFoundError:
        raise
    except OSError:
        return True


tally.attempt("errno of a path through it", exists_by_errno)
tally.finish()
