// id = "daemon-stopped"
// title = "leave stopped and traced processes behind"
// guarantee = "cleanup"
// layers = ["pid-namespace", "agent", "cgroup"]
// source = ["measured: stop-and-kill loop"]
// expect = ["exited:0", "process_limit"]
// bare = ""
// why = "What counts is what is left; the audit looks for it. An alarm ends the processes after 30 s, once they are continued."
#include "attack.h"
#include <signal.h>
#include <sys/ptrace.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    if (fork() == 0) {
        setsid();
        alarm(30);
        raise(SIGSTOP);
        _exit(0);
    }
    if (fork() == 0) {
        alarm(30);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        _exit(0);
    }
    usleep(100000);
    return 0;
}
