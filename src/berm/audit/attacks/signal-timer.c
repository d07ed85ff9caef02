// id = "signal-timer"
// title = "aim a timer's signal at another process's thread"
// guarantee = "processes"
// layers = ["seccomp", "pid-namespace"]
// source = ["known: timers and async I/O signals"]
// needs = ["bystander"]
// bare = ""
// why = "Linux allows SIGEV_THREAD_ID only for threads of the caller's own process. The attack watches that this stays so."
#include "attack.h"
#include <signal.h>
#include <time.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int pid = prop_number("bystander_pid"), targets[] = {pid, getppid(), 1};
    char label[40];
    for (int i = 0; i < 3; i++) {
        struct sigevent event;
        memset(&event, 0, sizeof event);
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = SIGURG;
        ((int *)&event)[4] = targets[i]; /* sigev_notify_thread_id */
        int timer = 0;
        snprintf(label, sizeof label, "timer at %d", targets[i]);
        if (targets[i] != getpid()) tried(label, syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
    }
    attack_finish();
}
