// id = "namespace-clone"
// title = "make new namespaces with clone and clone3"
// guarantee = "privileges"
// layers = ["seccomp"]
// source = ["CVE-2022-0492 (clone(NEWUSER) by flags, clone3 ENOSYS)"]
// bare = "user"
#include "attack.h"
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    unsigned long flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
                             CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID};
    char label[48];
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        long child = syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0);
        if (child == 0) _exit(0);
        snprintf(label, sizeof label, "clone %#lx", flags[i]);
        tried(label, child);
        if (child > 0) waitpid(child, 0, 0);
        unsigned long long arguments[11] = {flags[i]};
        arguments[4] = SIGCHLD;
        child = syscall(SYS_clone3, arguments, sizeof arguments);
        if (child == 0) _exit(0);
        snprintf(label, sizeof label, "clone3 %#lx", flags[i]);
        tried(label, child);
        if (child > 0) waitpid(child, 0, 0);
    }
    attack_finish();
}
