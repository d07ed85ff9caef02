// id = "trace-memory-calls"
// title = "read and write another process's memory with process_vm_readv and process_vm_writev"
// guarantee = "processes"
// layers = ["user-namespace", "pid-namespace", "uid", "landlock-fs", "seccomp"]
// confined = ["uid", "landlock-fs", "seccomp"]
// source = ["measured: process_vm_readv of a sibling", "CVE-2022-0492"]
// needs = ["bystander"]
// bare = "user"
#include "attack.h"
#include <sys/uio.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    int pid = prop_number("bystander_pid");
    char text[256] = {0};
    struct iovec mine = {text, (size_t)prop_number("bystander_secret_length")};
    struct iovec theirs = {(void *)prop_number("bystander_secret_address"), mine.iov_len};
    if (tried("process_vm_readv", process_vm_readv(pid, &mine, 1, &theirs, 1, 0))) printf("READ %s\n", text);
    struct iovec out = {(void *)"changed", 7}, target = {(void *)prop_number("bystander_writable_address"), 7};
    tried("process_vm_writev", process_vm_writev(pid, &out, 1, &target, 1, 0));
    char *here = text;
    struct iovec own = {&here, sizeof here}, parent = {(void *)environ, sizeof here};
    tried("process_vm_readv of the parent", process_vm_readv(getppid(), &own, 1, &parent, 1, 0));
    attack_finish();
}
