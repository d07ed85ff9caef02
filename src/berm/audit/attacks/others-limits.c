// id = "others-limits"
// title = "change another process's resource limits with prlimit64"
// guarantee = "processes"
// layers = ["pid-namespace", "uid", "seccomp"]
// source = ["measured: prlimit works inside a full Landlock domain"]
// needs = ["bystander"]
// bare = "user"
#include "attack.h"
#include <sys/resource.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int pid = prop_number("bystander_pid");
    struct rlimit64 now, less;
    if (tried("read", syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, 0, &now))) {
        less = now;
        less.rlim_cur = now.rlim_cur > 64 ? now.rlim_cur - 1 : now.rlim_cur;
        tried("set", syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &less, 0));
    }
    attack_finish();
}
