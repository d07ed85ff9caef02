// id = "watcher-weaken"
// title = "weaken the process that watches the run: its limits, priority, scheduler, processors"
// guarantee = "processes"
// layers = ["uid", "seccomp"]
// source = ["eoj#27", "measured: setpriority, sched_*, prlimit work inside a full Landlock domain"]
// bare = "user"
// notes = "The watcher is the parent. In a pid namespace it is pid 1, which no namespace hides from the run."
#include "attack.h"
#include <sched.h>
#include <sys/resource.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int pid = getppid();
    if (pid == 0) held("the parent is outside of this pid namespace");
    if (pid == 1 && getpid() > 100) held("the watcher is gone, and the parent is the machine's init");
    struct sched_param none = {0};
    struct rlimit64 few = {16, 16};
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    tried("prlimit64", syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &few, 0));
    tried("setpriority", setpriority(PRIO_PROCESS, pid, 19));
    tried("sched_setaffinity", sched_setaffinity(pid, sizeof one, &one));
    tried("sched_setscheduler", sched_setscheduler(pid, SCHED_IDLE, &none));
    tried("ioprio_set", syscall(SYS_ioprio_set, 1, pid, 3 << 13));
    attack_finish();
}
