// id = "wall-vfork"
// title = "hang in vfork, where a process waits without hearing signals"
// guarantee = "wall_time"
// layers = ["watchdog"]
// source = ["limit: wall limit"]
// expect = ["wall_limit"]
// limits = { wall_time = 0.5 }
// bare = "user"
#include "attack.h"
#include <signal.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    pid_t child = vfork();
    if (child == 0) {
        for (int i = 0; i < 30; i++) usleep(100000);
        _exit(0);
    }
    if (child < 0) held(strerrorname_np(errno));
    escaped("3 s under a limit of 0.5 s");
}
