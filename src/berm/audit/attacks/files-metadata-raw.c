// id = "files-metadata-raw"
// title = "change a host file's metadata by raw system calls on O_PATH descriptors"
// guarantee = "filesystem"
// layers = ["pivot-root"]
// confined = ["seccomp"]
// source = ["HUSTOJ#429", "measured: chmod under Landlock"]
// needs = ["host-file"]
// bare = "user"
#include "attack.h"
#include <sys/stat.h>
#include <sys/time.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const char *path = prop("host_path"), *folder = prop("host_dir");
    struct timespec times[2] = {{1, 0}, {1, 0}};
    tried("fchmodat", syscall(SYS_fchmodat, AT_FDCWD, path, 0777));
#ifdef SYS_fchmodat2
    tried("fchmodat2", syscall(SYS_fchmodat2, AT_FDCWD, path, 0777, 0));
#else
    tried("fchmodat2", syscall(452, AT_FDCWD, path, 0777, 0));
#endif
#ifdef SYS_chmod
    tried("chmod", syscall(SYS_chmod, path, 0777));
    tried("utimes", syscall(SYS_utimes, path, 0));
#endif
    tried("utimensat", syscall(SYS_utimensat, AT_FDCWD, path, times, 0));
    tried("fchownat", syscall(SYS_fchownat, AT_FDCWD, path, -1, -1, 0));
    tried("setxattr", syscall(SYS_setxattr, path, "user.berm", "x", 1, 0));
    tried("removexattr", syscall(SYS_removexattr, path, "user.berm"));
    tried("setxattrat", syscall(463, AT_FDCWD, path, 0, "user.berm", 0, 0));
    int handle = open(folder, O_PATH | O_DIRECTORY);
    if (handle >= 0) {
        char name[64];
        snprintf(name, sizeof name, "/proc/self/fd/%d", handle);
        tried("chmod of O_PATH", chmod(name, 0777));
        tried("utimensat of O_PATH", utimensat(handle, ".", times, 0));
    }
    attack_finish();
}
