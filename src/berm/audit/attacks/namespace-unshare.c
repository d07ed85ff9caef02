// id = "namespace-unshare"
// title = "make new namespaces with unshare, to be root in them"
// guarantee = "privileges"
// layers = ["seccomp"]
// source = ["CVE-2022-0492", "surface: unshare"]
// bare = "user"
#include "attack.h"
#include <sched.h>
#include <sys/wait.h>

static const struct { const char *name; unsigned long flag; } kinds[] = {
    {"user", CLONE_NEWUSER}, {"mount", CLONE_NEWNS}, {"pid", CLONE_NEWPID}, {"net", CLONE_NEWNET},
    {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP}, {"time", 0x80},
    {"user+mount", CLONE_NEWUSER | CLONE_NEWNS}, {"user+net", CLONE_NEWUSER | CLONE_NEWNET},
    {"high bits", 0x100000000UL | CLONE_NEWUSER},
};

int main(int argc, char **argv) {
    attack_start(argc, argv);
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int report[2], number = EAGAIN;
        if (pipe(report)) break;
        pid_t child = fork();
        if (child <= 0) {
            number = syscall(SYS_unshare, kinds[i].flag) == 0 ? 0 : errno;
            if (child < 0) {
                errno = number;
                tried(kinds[i].name, number ? -1 : 0);
                continue;
            }
            if (write(report[1], &number, sizeof number) < 0) _exit(1);
            _exit(0);
        }
        close(report[1]);
        if (read(report[0], &number, sizeof number) != sizeof number) number = EPERM;
        close(report[0]);
        waitpid(child, 0, 0);
        errno = number;
        tried(kinds[i].name, number ? -1 : 0);
    }
    attack_finish();
}
