// id = "bomb-fork-calls"
// title = "make processes by raw fork, vfork, clone and clone3, with strange flags"
// guarantee = "process_count"
// layers = ["cgroup", "rlimits", "watchdog"]
// confined = ["cgroup", "seccomp", "watchdog"]
// source = ["measured: threads without fork"]
// expect = ["process_limit"]
// limits = { processes = 5, wall_time = 6.0 }
// bare = "user"
#include "attack.h"
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static int report[2];

static void child_life(void) {
    alarm(5);
    if (write(report[1], "x", 1) < 0) _exit(1);
    for (;;) pause();
}

int main(int argc, char **argv) {
    attack_start(argc, argv);
    if (pipe(report)) return 1;
    for (int i = 0; i < 15; i++) {
#ifdef SYS_fork
        if (syscall(SYS_fork) == 0) child_life();
#endif
        if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) child_life();
        if (syscall(SYS_clone, 0, 0, 0, 0, 0) == 0) child_life();
        if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) child_life();
        unsigned long long arguments[11] = {0};
        arguments[4] = SIGCHLD;
        if (syscall(SYS_clone3, arguments, sizeof arguments) == 0) child_life();
    }
    usleep(600000);
    int alive = 0;
    char line[60];
    ioctl(report[0], FIONREAD, &alive);
    snprintf(line, sizeof line, "%d children were alive at a time", alive);
    if (alive > 8) escaped(line);
    held(line);
}
