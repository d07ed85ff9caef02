// id = "bomb-chain"
// title = "fork and exit without end, so that no process lives long enough to be caught"
// guarantee = "cleanup"
// layers = ["pid-namespace", "agent"]
// source = ["measured: re-forking processes"]
// expect = ["exited", "process_limit", "cpu_limit", "wall_limit", "signalled"]
// limits = { wall_time = 2.0, cpu_time = 2.0 }
// bare = ""
// why = "A bomb is never run bare. It has a fuse of ten seconds. What counts is that none is left."
#include "attack.h"
#include <signal.h>
#include <time.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    time_t fuse = time(0) + 10;
    for (int chains = 0; chains < 3; chains++) {
        if (fork()) continue;
        setsid();
        while (time(0) < fuse) {
            pid_t next = fork();
            if (next > 0) _exit(0);
            if (next < 0) usleep(200);
        }
        _exit(0);
    }
    usleep(200000);
    return 0;
}
