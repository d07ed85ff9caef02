# id = "files-devices"
# title = "open devices: memory, disks, terminals, kvm, tun, fuse, loop"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs"]
# source = ["CVE-2017-5226", "environments.md"]
# bare = "user"
# notes = "In a cell only null, zero, full, random and urandom are there."
import os

from attack import Tally

tally = Tally()
ALLOWED = {"null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "fd", "shm", "pts", "mqueue"}
names = {
    "mem", "kmem", "port", "kmsg", "sda", "sda1", "vda", "vda1", "nvme0n1", "xvda", "dm-0", "loop0", "loop-control",
    "tty", "tty0", "tty1", "ttyS0", "console", "ptmx", "pts/ptmx", "pts/0", "kvm", "fuse", "net/tun", "vhost-net", "vhost-vsock",
    "vsock", "userfaultfd", "uinput", "rtc0", "hpet", "cpu/0/msr", "snapshot", "autofs", "btrfs-control", "vfio/vfio", "hwrng",
}
try:
    names |= set(os.listdir("/dev"))
except OSError:
    pass


def device(name):
    fd = os.open("/dev/" + name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    os.close(fd)


for name in sorted(names - ALLOWED):
    if not os.path.isdir("/dev/" + name):
        tally.attempt(name, device, name)
tally.finish()
