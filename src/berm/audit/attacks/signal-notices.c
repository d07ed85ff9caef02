// id = "signal-notices"
// title = "have the kernel send signals: notices of directories, leases, queues and asynchronous I/O"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["known: timers and async I/O signals"]
// bare = "user"
#include "attack.h"
#include <signal.h>
#include <sys/stat.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    signal(SIGIO, SIG_IGN);
    int folder = open(".", O_RDONLY | O_DIRECTORY);
    if (folder < 0) moot("there is no directory to open");
    tried("F_NOTIFY", fcntl(folder, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
    tried("F_SETSIG", fcntl(folder, F_SETSIG, SIGURG));
    tried("F_SETOWN", fcntl(folder, F_SETOWN, getpid()));
    int file = open("leased", O_CREAT | O_RDWR, 0600);
    if (file >= 0) tried("F_SETLEASE", fcntl(file, F_SETLEASE, F_WRLCK));
    int flags = 1;
    int pair[2];
    if (syscall(SYS_socketpair, 1 /* AF_UNIX */, 1 /* SOCK_STREAM */, 0, pair) == 0)
        tried("FIOASYNC", syscall(SYS_ioctl, pair[0], 0x5452L /* FIOASYNC */, &flags));
    unsigned long context = 0;
    tried("io_setup", syscall(SYS_io_setup, 4L, &context));
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGURG;
    int timer = 0;
    tried("timer_create", syscall(SYS_timer_create, 1L /* CLOCK_MONOTONIC */, &event, &timer));
    tried("mq_notify", syscall(SYS_mq_notify, folder, &event));
    unlink("leased");
    attack_finish();
}
