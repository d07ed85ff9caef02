# id = "files-write-system"
# title = "create a file in every directory of the system"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs", "uid"]
# source = ["CVE-2024-28185", "snekbox PR#55"]
# needs = ["system-marker"]
# bare = "root"
import os

from attack import Tally, props

tally = Tally()
FOLDERS = (
    "/", "/usr", "/usr/bin", "/usr/lib", "/usr/local/bin", "/usr/share", "/bin", "/lib", "/lib64", "/sbin", "/etc",
    "/var", "/var/tmp", "/root", "/home", "/opt", "/boot", "/srv", "/run", "/mnt", "/dev", "/proc", "/sys",
    os.path.dirname(os.__file__), os.path.dirname(os.path.realpath("/proc/self/exe")),
)
for folder in FOLDERS:
    tally.attempt(folder, os.mkdir, os.path.join(folder, props["system_marker"]))
tally.finish()
