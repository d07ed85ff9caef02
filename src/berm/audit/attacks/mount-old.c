// id = "mount-old"
// title = "mount, remount, move, unmount, pivot_root and chroot by the old calls"
// guarantee = "privileges"
// layers = ["capabilities", "seccomp"]
// source = ["CVE-2022-0492", "CVE-2025-31133 and its trio", "snekbox PR#55"]
// bare = "root"
// notes = "Bare it runs in a mount namespace of its own, made by the proof."
#include "attack.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    mkdir("m", 0700);
    mkdir("n", 0700);
    /* What is no mount point cannot be moved, remounted or unmounted: EINVAL comes after the check
     * of the caller's rights, so that nothing of the machine is touched where this gets through. */
    if (tried("tmpfs", mount("none", "m", "tmpfs", 0, ""))) umount2("m", MNT_DETACH);
    if (tried("proc", mount("proc", "m", "proc", 0, ""))) umount2("m", MNT_DETACH);
    if (tried("sysfs", mount("sysfs", "m", "sysfs", 0, ""))) umount2("m", MNT_DETACH);
    if (tried("cgroup2", mount("none", "m", "cgroup2", 0, ""))) umount2("m", MNT_DETACH);
    if (tried("cgroup", mount("none", "m", "cgroup", 0, "none,name=berm"))) umount2("m", MNT_DETACH);
    if (tried("bind", mount("n", "m", 0, MS_BIND, 0))) umount2("m", MNT_DETACH);
    if (tried("overlay", mount("overlay", "m", "overlay", 0, "lowerdir=m:n"))) umount2("m", MNT_DETACH);
    tried_past("private", mount(0, "m", 0, MS_PRIVATE, 0), EINVAL);
    tried_past("remount writable", mount(0, "m", 0, MS_REMOUNT | MS_BIND, 0), EINVAL);
    tried_past("move", mount("m", "n", 0, MS_MOVE, 0), EINVAL);
    tried_past("umount2", umount2("m", MNT_DETACH), EINVAL);
    tried_past("pivot_root", syscall(SYS_pivot_root, "m", "m"), EINVAL);
    if (tried("chroot", chroot("n"))) {
        for (int i = 0; i < 40; i++)
            if (chdir("..")) break;
        tried("chroot to above", chroot("."));
    }
    attack_finish();
}
