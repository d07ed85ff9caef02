// id = "wall-deaf"
// title = "outlast the wall limit with every signal blocked and ignored, in several processes"
// guarantee = "wall_time"
// layers = ["watchdog"]
// source = ["limit: signal-ignoring sleepers"]
// expect = ["wall_limit"]
// limits = { wall_time = 0.5 }
// bare = "user"
#include "attack.h"
#include <signal.h>
#include <sys/prctl.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, 0);
    setsid();
    if (fork() == 0) {
        for (int i = 0; i < 30; i++) usleep(100000);
        _exit(0);
    }
    for (int i = 0; i < 30; i++) usleep(100000);
    escaped("3 s under a limit of 0.5 s");
}
