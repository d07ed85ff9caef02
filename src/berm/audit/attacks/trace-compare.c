// id = "trace-compare"
// title = "learn about another process with kcmp, get_robust_list, move_pages, process_madvise"
// guarantee = "processes"
// layers = ["user-namespace", "pid-namespace", "uid", "landlock-fs", "seccomp"]
// confined = ["uid", "landlock-fs", "seccomp"]
// source = ["surface: process_madvise"]
// needs = ["bystander"]
// bare = "user"
#include "attack.h"
#include <sys/uio.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int pid = prop_number("bystander_pid");
    void *address = (void *)prop_number("bystander_writable_address");
    void *head = 0;
    size_t length = 0;
    tried("kcmp", syscall(SYS_kcmp, pid, getpid(), 1 /* KCMP_VM */, 0, 0));
    tried("get_robust_list", syscall(SYS_get_robust_list, pid, &head, &length));
    int status = 0;
    void *page = (void *)((unsigned long)address & ~4095UL);
    tried("move_pages", syscall(SYS_move_pages, pid, 1L, &page, 0, &status, 0));
    int handle = syscall(SYS_pidfd_open, pid, 0);
    if (handle >= 0) {
        struct iovec range = {page, 4096};
        tried("process_madvise", syscall(440, handle, &range, 1L, 20 /* MADV_COLD */, 0));
    }
    attack_finish();
}
