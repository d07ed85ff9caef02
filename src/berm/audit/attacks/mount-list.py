# id = "mount-list"
# title = "read where the host's file systems are mounted, by statmount, listmount and /proc"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs"]
# source = ["CVE-2024-21626"]
# bare = "user"
# notes = "A mount table of the host names its disks and directories. Inside a cell only the cell's own mounts may show."
import os

from attack import escaped, held, reason, syscall

import ctypes

try:
    with open("/proc/self/mountinfo") as file:
        lines = file.read().splitlines()
except OSError as error:
    lines = []
    detail = "mountinfo " + reason(error)
else:
    detail = "%d own mounts" % len(lines)
points = [line.split()[4] for line in lines]
for point in points:
    if point.startswith(("/home", "/root", "/var", "/boot", "/sys/fs", "/run", "/mnt", "/srv")):
        escaped("a mount of the host shows: " + point)
if not lines:
    request = (ctypes.c_uint64 * 3)(24, 0xFFFFFFFFFFFFFFFF, 0)
    answer = (ctypes.c_uint64 * 64)()
    try:
        count = syscall("listmount", ctypes.byref(request), ctypes.byref(answer), 64, 0)
    except OSError as error:
        held(detail + ", listmount " + reason(error))
    escaped("listmount lists %d mounts" % count)
if "/" in points and "/proc" in points and "/dev" in points and len(points) > 25 and os.path.exists("/etc/shadow"):
    escaped("the host's own mount table")
held(detail)
