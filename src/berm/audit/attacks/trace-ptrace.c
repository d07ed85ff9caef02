// id = "trace-ptrace"
// title = "attach to another process and to the watcher with ptrace"
// guarantee = "processes"
// layers = ["user-namespace", "pid-namespace", "uid", "landlock-fs", "seccomp"]
// confined = ["uid", "landlock-fs", "seccomp"]
// source = ["eoj#27", "CVE-2022-0492"]
// needs = ["bystander"]
// bare = "user"
#include "attack.h"
#include <sys/ptrace.h>
#include <sys/wait.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int targets[] = {(int)prop_number("bystander_pid"), getppid()};
    char label[40];
    for (int i = 0; i < 2; i++) {
        if (targets[i] <= 0 || (targets[i] == 1 && getpid() > 100)) continue;
        snprintf(label, sizeof label, "PTRACE_SEIZE %d", i);
        if (tried(label, ptrace(PTRACE_SEIZE, targets[i], 0, 0))) {
            ptrace(PTRACE_INTERRUPT, targets[i], 0, 0);
            waitpid(targets[i], 0, __WALL);
            ptrace(PTRACE_DETACH, targets[i], 0, 0);
            continue;
        }
        snprintf(label, sizeof label, "PTRACE_ATTACH %d", i);
        if (tried(label, ptrace(PTRACE_ATTACH, targets[i], 0, 0))) {
            waitpid(targets[i], 0, __WALL);
            ptrace(PTRACE_DETACH, targets[i], 0, 0);
        }
    }
    attack_finish();
}
