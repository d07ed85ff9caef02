// id = "trace-descriptors"
// title = "take another process's open file with pidfd_getfd or /proc/PID/fd"
// guarantee = "processes"
// layers = ["user-namespace", "pid-namespace", "uid", "landlock-fs"]
// confined = ["uid", "landlock-fs"]
// source = ["measured: pidfd_getfd"]
// needs = ["bystander-fd"]
// bare = "user"
#include "attack.h"

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int pid = prop_number("bystander_pid"), number = prop_number("bystander_fd"), fd;
    char name[64];
    int handle = syscall(SYS_pidfd_open, pid, 0);
    if (handle >= 0) {
        if (tried("pidfd_getfd", fd = syscall(SYS_pidfd_getfd, handle, number, 0))) attack_show(fd);
    } else
        tried("pidfd_open", handle);
    snprintf(name, sizeof name, "/proc/%d/fd/%d", pid, number);
    if (tried("/proc/PID/fd", fd = open(name, O_RDONLY))) attack_show(fd);
    for (int i = 3; i < 40; i++) {
        snprintf(name, sizeof name, "/proc/%d/fd/%d", getppid(), i);
        if ((fd = open(name, O_RDONLY)) >= 0) tried(name, fd), attack_show(fd);
        snprintf(name, sizeof name, "/proc/1/fd/%d", i);
        if ((fd = open(name, O_RDONLY)) >= 0) tried(name, fd), attack_show(fd);
    }
    attack_finish();
}
