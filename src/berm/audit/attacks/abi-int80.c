// id = "abi-int80"
// title = "make 32-bit system calls from 64-bit code by int 0x80"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["isolate 2.4-2.6", "measured: a filter without an arch check is bypassed by int 0x80"]
// machines = ["x86_64"]
// expect = ["signalled:SIGSYS", "signalled:SIGSEGV"]
// bare = "user"
// notes = "SIGSEGV is what a kernel without 32-bit emulation gives."
#include "attack.h"
#include <sys/mman.h>

static long call32(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}

static void check(const char *label, long result) {
    errno = result < 0 ? -result : 0;
    tried(label, result < 0 ? -1 : result);
}

int main(int argc, char **argv) {
    attack_start(argc, argv);
    check("getpid", call32(20, 0, 0, 0));
    unsigned *low = (unsigned *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low != MAP_FAILED) {
        low[0] = 1, low[1] = 1, low[2] = 0;
        check("socketcall(socket, AF_UNIX)", call32(102, 1, (long)low, 0));
        check("ptrace", call32(26, 16, 1, 0));
        check("socket", call32(359, 1, 1, 0));
    }
    attack_finish();
}
