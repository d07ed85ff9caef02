// id = "signal-all-calls"
// title = "signal another process by tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal"
// guarantee = "processes"
// layers = ["pid-namespace", "uid", "landlock-scope"]
// confined = ["landlock-scope", "seccomp", "uid"]
// source = ["measured: all six signal calls", "eoj#27"]
// needs = ["bystander"]
// bare = "user"
#include "attack.h"
#include <signal.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int targets[] = {(int)prop_number("bystander_pid"), getppid()};
    const char *names[] = {"bystander", "parent"};
    char label[64];
    for (int i = 0; i < 2; i++) {
        int pid = targets[i];
        /* Pid 0 is a parent outside of the namespace; pid 1 the cell's own init, which ignores it. */
        if (pid <= 1) continue;
        siginfo_t info;
        memset(&info, 0, sizeof info);
        info.si_signo = SIGURG;
        info.si_code = SI_QUEUE;
        info.si_pid = getpid();
        info.si_uid = getuid();
#define TRY(name, call) snprintf(label, sizeof label, name " %s", names[i]); tried(label, call)
        TRY("kill", syscall(SYS_kill, pid, SIGURG));
        TRY("tkill", syscall(SYS_tkill, pid, SIGURG));
        TRY("tgkill", syscall(SYS_tgkill, pid, pid, SIGURG));
        TRY("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, pid, SIGURG, &info));
        TRY("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGURG, &info));
        int handle = syscall(SYS_pidfd_open, pid, 0);
        if (handle >= 0) { TRY("pidfd_send_signal", syscall(SYS_pidfd_send_signal, handle, SIGURG, 0, 0)); }
        snprintf(label, sizeof label, "/proc/%d", pid);
        handle = open(label, O_RDONLY | O_DIRECTORY);
        if (handle >= 0) { TRY("pidfd_send_signal by /proc", syscall(SYS_pidfd_send_signal, handle, SIGURG, 0, 0)); }
    }
    attack_finish();
}
