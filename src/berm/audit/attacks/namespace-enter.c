// id = "namespace-enter"
// title = "enter the namespaces of another process with setns"
// guarantee = "privileges"
// layers = ["capabilities", "seccomp"]
// source = ["CVE-2025-31133"]
// needs = ["bystander"]
// bare = "root"
#include "attack.h"
#include <sched.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const char *names[] = {"mnt", "net", "pid", "ipc", "uts", "cgroup"};
    int targets[] = {1, getppid(), (int)prop_number("bystander_pid")};
    char path[64];
    for (int i = 0; i < 3; i++) {
        for (unsigned n = 0; n < sizeof names / sizeof *names; n++) {
            snprintf(path, sizeof path, "/proc/%d/ns/%s", targets[i], names[n]);
            int fd = open(path, O_RDONLY);
            if (fd >= 0) tried(path, setns(fd, 0));
        }
        int handle = targets[i] > 0 ? syscall(SYS_pidfd_open, targets[i], 0) : -1;
        if (handle >= 0) {
            tried("pidfd net", setns(handle, CLONE_NEWNET));
        }
    }
    int own = open("/proc/self/ns/uts", O_RDONLY);
    if (own >= 0) tried("own uts", setns(own, 0));
    attack_finish();
}
