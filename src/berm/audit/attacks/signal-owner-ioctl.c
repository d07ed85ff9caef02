// id = "signal-owner-ioctl"
// title = "have the kernel signal another process through FIOSETOWN and SIOCSPGRP"
// guarantee = "processes"
// layers = ["pid-namespace", "uid", "landlock-scope", "seccomp"]
// source = ["measured: FIOSETOWN, SIOCSPGRP"]
// needs = ["bystander"]
// bare = "user"
#include "attack.h"
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    signal(SIGIO, SIG_IGN);
    signal(SIGURG, SIG_IGN);
    int pid = prop_number("bystander_pid"), pair[2];
    unsigned long requests[] = {0x8901 /* FIOSETOWN */, 0x8902 /* SIOCSPGRP */};
    for (int i = 0; i < 2; i++) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
            tried("socketpair", -1);
            break;
        }
        int on = 1;
        if (ioctl(pair[0], requests[i], &pid) < 0) {
            tried(i ? "SIOCSPGRP" : "FIOSETOWN", -1);
            continue;
        }
        fcntl(pair[0], F_SETSIG, SIGURG);
        ioctl(pair[0], FIOASYNC, &on);
        if (write(pair[1], "x", 1) < 0) tried("write", -1);
        usleep(50000);
    }
    usleep(100000);
    attack_finish();
}
