// id = "others-same-user"
// title = "slow down all processes of the same user at once: PRIO_USER"
// guarantee = "processes"
// layers = ["pid-namespace", "uid", "seccomp"]
// source = ["measured: setpriority on another run"]
// needs = ["bystander"]
// bare = "user"
// notes = "Where it could reach others it does not: what it sees and that the call is let through is enough. Bare, the bystander has a lower niceness than the attack."
#include "attack.h"
#include <sys/resource.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    char line[160];
    int own = getpriority(PRIO_PROCESS, 0);
    errno = 0;
    int best = getpriority(PRIO_USER, 0);
    int seen = errno ? 0 : best < own;
    /* Nobody has this uid: ESRCH says that the call got as far as looking for its processes. */
    int reaches = setpriority(PRIO_USER, 4000000000u, 16) < 0 && errno == ESRCH;
    /* In a pid namespace of its own the others are the run's own watcher. */
    int own_namespace = getppid() == 1 && getpid() < 100;
    if (seen && reaches && !own_namespace) {
        snprintf(line, sizeof line, "could slow down processes of its user: one has niceness %d, its own is %d", best, own);
        escaped(line);
    }
    if (!seen || own_namespace) { /* then it touches only this run's own processes; the bystander decides */
        setpriority(PRIO_USER, 0, 18);
        setpriority(PRIO_USER, getuid(), 19);
        usleep(100000);
    }
    snprintf(line, sizeof line, "sees %s, the call is %s", seen ? "others of its user" : "nobody else", reaches ? "allowed" : "refused");
    held(line);
}
