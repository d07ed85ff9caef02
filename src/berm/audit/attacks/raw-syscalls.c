// id = "raw-syscalls"
// title = "make refused calls by the bare syscall instruction, past the C library"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["HUSTOJ#429"]
// machines = ["x86_64"]
// bare = "user"
#include "attack.h"

static long raw(long number, long a, long b, long c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}

static void check(const char *label, long result) {
    errno = result < 0 ? -result : 0;
    tried(label, result < 0 ? -1 : result);
}

int main(int argc, char **argv) {
    attack_start(argc, argv);
    check("socket", raw(41, 2, 1, 0, 0));
    check("socket with high bits", raw(41, 0x700000002L, 0x700000001L, 0, 0));
    check("personality", raw(135, 0x40000, 0, 0, 0));
    check("inotify or keyctl", raw(250, 0, -3, 1, 0));
    check("unshare", raw(272, 0x10000000, 0, 0, 0));
    attack_finish();
}
