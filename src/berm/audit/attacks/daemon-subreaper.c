// id = "daemon-subreaper"
// title = "catch one's own orphans as a subreaper, outside of the session, without a death signal"
// guarantee = "cleanup"
// layers = ["pid-namespace", "agent", "cgroup"]
// source = ["measured: a child may set itself subreaper"]
// expect = ["exited:0", "process_limit"]
// bare = ""
// why = "What counts is what is left; the audit looks for it. The processes end by themselves after 30 s."
#include "attack.h"
#include <signal.h>
#include <sys/prctl.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    if (fork() == 0) {
        setsid();
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        prctl(PR_SET_PDEATHSIG, 0);
        prctl(PR_SET_NAME, "[kworker/0:1]");
        signal(SIGTERM, SIG_IGN);
        if (fork() == 0) {
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, 0);
                setsid();
                sleep(30);
            }
            _exit(0);
        }
        sleep(30);
        _exit(0);
    }
    usleep(100000);
    return 0;
}
