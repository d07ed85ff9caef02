// id = "mount-new"
// title = "mount by the new calls: fsopen, fsmount, open_tree, move_mount, mount_setattr, fspick"
// guarantee = "privileges"
// layers = ["capabilities", "seccomp"]
// source = ["CVE-2025-52565", "surface: mount API old and new"]
// bare = "root"
#include "attack.h"
#include <sys/stat.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int context = syscall(SYS_fsopen, "tmpfs", 0);
    if (tried("fsopen", context)) {
        syscall(SYS_fsconfig, context, 6 /* create */, 0, 0, 0);
        tried("fsmount", syscall(SYS_fsmount, context, 0, 0));
    }
    tried("open_tree clone", syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* clone */ | 0x80000 | 0x8000));
    tried("fspick", syscall(SYS_fspick, AT_FDCWD, "/", 0));
    unsigned long attributes[4] = {0, 1, 0, 0}; /* clear read-only, of what is no mount point */
    mkdir("m", 0700);
    mkdir("n", 0700);
    tried_past("mount_setattr", syscall(442, AT_FDCWD, "m", 0, attributes, sizeof attributes), EINVAL);
    tried_past("move_mount", syscall(SYS_move_mount, AT_FDCWD, "m", AT_FDCWD, "n", 0), EINVAL);
    attack_finish();
}
