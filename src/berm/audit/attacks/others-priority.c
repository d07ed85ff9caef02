// id = "others-priority"
// title = "slow another process down: setpriority, sched_setaffinity, sched_setscheduler, sched_setattr, ioprio_set"
// guarantee = "processes"
// layers = ["pid-namespace", "uid", "seccomp"]
// source = ["measured: setpriority, sched_*, ioprio_set work inside a full Landlock domain"]
// needs = ["bystander"]
// bare = "user"
#include "attack.h"
#include <sched.h>
#include <sys/resource.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int pid = prop_number("bystander_pid");
    struct sched_param none = {0};
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    tried("setpriority", setpriority(PRIO_PROCESS, pid, 5));
    tried("setpriority of the group", setpriority(PRIO_PGRP, pid, 6));
    tried("sched_setaffinity", sched_setaffinity(pid, sizeof one, &one));
    tried("sched_setscheduler", sched_setscheduler(pid, SCHED_IDLE, &none));
    struct {
        unsigned size, policy;
        unsigned long flags;
        int nice;
        unsigned priority;
        unsigned long runtime, deadline, period;
    } attributes = {48, SCHED_BATCH, 0, 7, 0, 0, 0, 0};
    tried("sched_setattr", syscall(SYS_sched_setattr, pid, &attributes, 0));
    tried("ioprio_set", syscall(SYS_ioprio_set, 1 /* process */, pid, (3 << 13)));
    tried("ioprio_set of the group", syscall(SYS_ioprio_set, 2, pid, (3 << 13)));
    attack_finish();
}
