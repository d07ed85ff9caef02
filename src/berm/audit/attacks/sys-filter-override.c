// id = "sys-filter-override"
// title = "put a filter of one's own above Berm's: allow everything, and answer refused calls with \"continue\""
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["OpenShell#803", "design: a notification never weakens a filter"]
// bare = "user"
// notes = "Of two filters the stricter answer counts; of two listeners the kernel allows only one (EBUSY)."
#include "attack.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static int listener = -1;

static void *answer(void *unused) {
    struct seccomp_notif request;
    struct seccomp_notif_resp reply;
    for (;;) {
        memset(&request, 0, sizeof request);
        memset(&reply, 0, sizeof reply);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) return unused;
        reply.id = request.id;
        reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
}

static int install(unsigned action, unsigned flags) {
    /* load the number; socket: `action`; all else: allow */
    struct sock_filter code[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_socket},
        {BPF_RET | BPF_K, 0, 0, action},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog program = {4, code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int main(int argc, char **argv) {
    attack_start(argc, argv);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    alarm(4);
    struct sock_filter all[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    struct sock_fprog open = {1, all};
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &open);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &open);
    tried("socket under a filter that allows all", socket(AF_INET, SOCK_STREAM, 0));
    listener = install(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (listener >= 0) {
        pthread_t thread;
        pthread_create(&thread, 0, answer, 0);
    }
    tried("socket with a listener that continues", socket(AF_INET, SOCK_STREAM, 0));
    attack_finish();
}
