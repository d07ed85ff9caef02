// id = "signal-terminal"
// title = "push input into a terminal: TIOCSTI, TIOCLINUX, TIOCSCTTY on what there is and on an own pty"
// guarantee = "processes"
// layers = ["seccomp", "landlock-fs", "pivot-root"]
// source = ["CVE-2017-5226"]
// bare = "user"
// notes = "Kernels with dev.tty.legacy_tiocsti=0 refuse TIOCSTI to everyone; there the attack shows nothing."
#include "attack.h"
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    char label[40], code = 12;
    const char *names[] = {"standard input", "standard output", "standard error"};
    for (int fd = 0; fd < 3; fd++) {
        snprintf(label, sizeof label, "TIOCSTI %s", names[fd]);
        tried(label, ioctl(fd, TIOCSTI, "x"));
        tried("TIOCLINUX", ioctl(fd, TIOCLINUX, &code));
        /* Bits above the 32 that the kernel looks at must not get past the filter. */
        tried("TIOCSTI with high bits", syscall(SYS_ioctl, fd, 0x100000000UL | TIOCSTI, "x"));
    }
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY);
    if (terminal >= 0) tried("TIOCSTI controlling terminal", ioctl(terminal, TIOCSTI, "x"));
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master >= 0) {
        char name[100];
        if (grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, sizeof name) == 0) {
            int slave = open(name, O_RDWR | O_NOCTTY);
            tried("TIOCSTI own pty", ioctl(slave, TIOCSTI, "x"));
            setsid();
            ioctl(slave, TIOCSCTTY, 1);
            tried("TIOCSTI controlling pty", ioctl(slave, TIOCSTI, "x"));
        }
    }
    attack_finish();
}
