// id = "abi-mode-switch"
// title = "jump into 32-bit mode by a far return and make system calls from there"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["isolate 2.4-2.6"]
// machines = ["x86_64"]
// expect = ["signalled:SIGSYS", "signalled:SIGSEGV", "signalled:SIGILL"]
// bare = "user"
#include "attack.h"
#include <sys/mman.h>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    unsigned char *page = (unsigned char *)mmap(
        (void *)0x20000, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (page == MAP_FAILED) {
        tried("writable and executable page", -1);
        attack_finish();
    }
    /* 32-bit: mov eax, 20 (getpid); int 0x80; far jump back to 64 bits; there: ret */
    unsigned char code[] = {0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xea, 0, 0, 0, 0, 0x33, 0, 0x48, 0x89, 0xe0 + 4, 0xc3};
    unsigned back = (unsigned)(unsigned long)(page + 14);
    memcpy(code + 8, &back, 4);
    code[14] = 0xc3; /* ret, in 64-bit mode again */
    memcpy(page, code, sizeof code);
    long result, stack;
    __asm__ volatile(
        "movq %%rsp, %1\n\t"
        "leaq 4096(%2), %%rsp\n\t"   /* a stack below 4 GiB, for the way back */
        "addq $4000, %%rsp\n\t"
        "leaq 1f(%%rip), %%rcx\n\t"
        "pushq %%rcx\n\t"
        "pushq $0x23\n\t"            /* the 32-bit code segment */
        "pushq %2\n\t"
        "lretq\n\t"
        "1: movq %1, %%rsp\n\t"
        : "=&a"(result), "=&r"(stack)
        : "r"(page)
        : "memory", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
    result = (int)result;
    errno = result < 0 ? -result : 0;
    tried("getpid in 32-bit mode", result > 0 ? result : -1);
    attack_finish();
}
