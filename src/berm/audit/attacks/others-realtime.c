// id = "others-realtime"
// title = "take the machine: real-time scheduling, negative nice, locked memory, no OOM kill"
// guarantee = "privileges"
// layers = ["capabilities", "rlimits", "seccomp"]
// source = ["measured: oom_score_adj, SCHED_*"]
// bare = "root"
#include "attack.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    struct sched_param top = {1};
    tried("SCHED_FIFO", sched_setscheduler(0, SCHED_FIFO, &top));
    struct sched_param none = {0};
    sched_setscheduler(0, SCHED_OTHER, &none);
    errno = 0;
    tried("nice -20", setpriority(PRIO_PROCESS, 0, -20));
    struct rlimit64 more = {1 << 20, 1 << 20}, endless = {RLIM64_INFINITY, RLIM64_INFINITY};
    tried("RLIMIT_NOFILE", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, 0));
    tried("RLIMIT_CORE", syscall(SYS_prlimit64, 0, RLIMIT_CORE, &endless, 0));
    tried("RLIMIT_MEMLOCK", syscall(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &endless, 0));
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    if (fd >= 0) tried("oom_score_adj", write(fd, "-1000", 5));
    attack_finish();
}
