// id = "files-mknod"
// title = "make a device node of one's own and read a disk or memory with it"
// guarantee = "privileges"
// layers = ["capabilities", "seccomp"]
// source = ["isolate 2.6"]
// bare = "root"
#include "attack.h"
#include <sys/stat.h>
#include <sys/sysmacros.h>

static void device(const char *label, mode_t kind, int major, int minor) {
    unlink("node");
    if (!tried(label, mknod("node", kind | 0600, makedev(major, minor)))) return;
    unlink("node");
}

int main(int argc, char **argv) {
    attack_start(argc, argv);
    device("mem", S_IFCHR, 1, 1);
    device("kmsg", S_IFCHR, 1, 11);
    device("null", S_IFCHR, 1, 3);
    device("sda", S_IFBLK, 8, 0);
    device("vda", S_IFBLK, 254, 0);
    attack_finish();
}
