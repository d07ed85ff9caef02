# id = "cgroup-escape"
# title = "leave the run's cgroup, or lift its limits"
# guarantee = "memory"
# layers = ["pivot-root", "landlock-fs", "uid"]
# source = ["snekbox PR#55", "CVE-2022-0492 (release_agent)"]
# bare = "root"
# notes = "Bare the new empty group is removed at once and no value is changed."
import os

from attack import Tally

tally = Tally()
roots = ["/sys/fs/cgroup"]
try:
    with open("/proc/self/cgroup") as file:
        for line in file:
            path = line.strip().split(":", 2)[2]
            roots += [part + path for part in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids")]
except OSError:
    pass


def make(folder):
    path = os.path.join(folder, "berm-audit-group")
    os.mkdir(path)
    os.rmdir(path)


def open_for_writing(path):
    os.close(os.open(path, os.O_WRONLY))


for folder in dict.fromkeys(roots):
    tally.attempt("group in " + folder, make, folder)
    for name in ("cgroup.procs", "memory.max", "memory.limit_in_bytes", "pids.max", "release_agent", "cgroup.subtree_control"):
        tally.attempt(folder + "/" + name, open_for_writing, os.path.join(folder, name))
tally.finish()
