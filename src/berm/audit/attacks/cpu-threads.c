// id = "cpu-threads"
// title = "use processor time in several threads at once, ignoring SIGXCPU"
// guarantee = "cpu"
// layers = ["rlimits", "watchdog"]
// source = ["limit: CPU limit"]
// expect = ["cpu_limit"]
// limits = { cpu_time = 0.5, wall_time = 8.0 }
// bare = "user"
#include "attack.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>

static double used(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}
static void *burn(void *unused) {
    while (used() < 2.5) {}
    return unused;
}

int main(int argc, char **argv) {
    attack_start(argc, argv);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, burn, 0);
    burn(0);
    escaped("2.5 s of processor time under a limit of 0.5 s");
}
