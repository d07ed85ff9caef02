// id = "others-same-user"
// title = "slow down all processes of the same user at once: PRIO_USER, IOPRIO_WHO_USER"
// guarantee = "processes"
// layers = ["pid-namespace", "uid", "seccomp"]
// source = ["measured: setpriority on another run"]
// needs = ["bystander"]
// bare = "user"
// notes = "Only the bystander tells: inside a pid namespace the call succeeds and touches the run's own processes. ioprio is not read back."
#include "attack.h"
#include <sys/resource.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int a = setpriority(PRIO_USER, 0, 15) == 0 ? 0 : errno;
    int b = setpriority(PRIO_USER, getuid(), 16) == 0 ? 0 : errno;
    char line[120];
    snprintf(line, sizeof line, "the bystander decides: %s, %s", a ? strerrorname_np(a) : "returned", b ? strerrorname_np(b) : "returned");
    usleep(100000);
    held(line);
}
