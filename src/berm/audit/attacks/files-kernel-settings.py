# id = "files-kernel-settings"
# title = "open the kernel's switches in /proc/sys, /sys and the cgroups for writing"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs", "uid"]
# source = ["snekbox PR#55", "CVE-2022-0492"]
# bare = "root"
# notes = "Nothing is ever written. Opening is enough to show it."
import errno
import os

from attack import Tally

tally = Tally()
names = [
    "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/pid_max", "/proc/sys/kernel/ns_last_pid", "/proc/sys/fs/file-max",
    "/proc/sys/kernel/unprivileged_userns_clone", "/proc/sys/user/max_user_namespaces", "/proc/sys/net/ipv4/ip_forward",
    "/sys/kernel/uevent_helper", "/sys/power/state", "/proc/irq/default_smp_affinity", "/proc/1/oom_score_adj",
    "/proc/%d/oom_score_adj" % os.getppid(), "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/timer_list",
]
for top in ("/sys/fs/cgroup",):
    for folder, folders, files in os.walk(top):
        names += [os.path.join(folder, name) for name in files if name in ("cgroup.procs", "tasks", "release_agent", "memory.max", "memory.limit_in_bytes", "pids.max", "cgroup.kill", "notify_on_release")]
        if len(names) > 400:
            break


def writable(path):
    opened = os.open(path, os.O_WRONLY)
    try:
        if os.fstat(opened).st_rdev == os.makedev(1, 3):
            raise PermissionError(errno.EACCES, "a container runtime laid /dev/null over it")
    finally:
        os.close(opened)


for path in names:
    tally.attempt(path, writable, path)
tally.finish()
