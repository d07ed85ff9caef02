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
    int targets[] = {(int)prop_number("bystander_pid"), getppid(), 1};
    char label[40];
    for (int i = 0; i < 3; i++) {
        if (targets[i] <= 0) continue;
        struct rlimit64 now, less;
        snprintf(label, sizeof label, "read %d", i);
        if (!tried(label, syscall(SYS_prlimit64, targets[i], RLIMIT_NOFILE, 0, &now))) continue;
        if (i == 0) {
            less = now;
            less.rlim_cur = now.rlim_cur > 64 ? now.rlim_cur - 1 : now.rlim_cur;
            tried("set the bystander's", syscall(SYS_prlimit64, targets[i], RLIMIT_NOFILE, &less, 0));
        }
    }
    attack_finish();
}
