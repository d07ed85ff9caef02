# id = "mount-list"
# title = "read where the host's file systems are mounted, by /proc/self/mountinfo"
# guarantee = "filesystem"
# layers = ["pivot-root"]
# confined = ["landlock-fs"]
# source = ["CVE-2024-21626"]
# bare = "user"
# notes = "A mount table of the host names its disks and directories. Inside a cell only the cell's own mounts may show."
import os

from attack import escaped, held, reason

try:
    with open("/proc/self/mountinfo") as file:
        lines = file.read().splitlines()
except OSError as error:
    held("mountinfo " + reason(error))
points = [line.split()[4] for line in lines]
for point in points:
    if point.startswith(("/home", "/root", "/var", "/boot", "/sys/fs", "/run", "/mnt", "/srv")):
        escaped("a mount of the host shows: " + point)
if "/proc" in points and "/dev" in points and os.path.exists("/etc/shadow"):
    escaped("the host's own mount table")
held("%d own mounts" % len(lines))
