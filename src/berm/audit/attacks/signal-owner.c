// id = "signal-owner"
// title = "have the kernel signal another process through F_SETOWN, F_SETOWN_EX and F_SETSIG"
// guarantee = "processes"
// layers = ["pid-namespace", "uid", "landlock-scope"]
// confined = ["landlock-scope", "seccomp", "uid"]
// source = ["measured: F_SETOWN + F_SETSIG(SIGKILL) + O_ASYNC killed the victim"]
// needs = ["bystander"]
// bare = "user"
#include "attack.h"
#include <signal.h>
#include <sys/socket.h>

static void aim(const char *label, int pid, int way) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 && pipe(pair) < 0) return;
    struct f_owner_ex owner = {F_OWNER_PID, pid};
    long result = way == 0 ? fcntl(pair[0], F_SETOWN, pid)
                : way == 1 ? fcntl(pair[0], F_SETOWN_EX, &owner)
                           : fcntl(pair[0], F_SETOWN, -pid);
    if (result < 0) {
        tried(label, result);
        return;
    }
    /* A foreign owner that was accepted is not an escape yet: the signal has to arrive. */
    fcntl(pair[0], F_SETSIG, SIGURG);
    fcntl(pair[0], F_SETFL, O_ASYNC | O_NONBLOCK);
    if (write(pair[1], "x", 1) < 0) tried(label, -1);
    usleep(20000);
}

int main(int argc, char **argv) {
    attack_start(argc, argv);
    signal(SIGURG, SIG_IGN);
    signal(SIGIO, SIG_IGN);
    int pid = prop_number("bystander_pid");
    aim("F_SETOWN", pid, 0);
    aim("F_SETOWN_EX", pid, 1);
    aim("F_SETOWN of its group", pid, 2);
    usleep(100000);
    attack_finish();
}
