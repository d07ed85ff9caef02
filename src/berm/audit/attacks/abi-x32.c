// id = "abi-x32"
// title = "make system calls of the x32 ABI, whose numbers a filter may not compare"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["isolate 2.4-2.6", "known: foreign-ABI syscalls"]
// machines = ["x86_64"]
// expect = ["signalled:SIGSYS"]
// bare = "user"
// notes = "Most kernels are built without the x32 ABI and answer ENOSYS to everyone."
#include "attack.h"

int main(int argc, char **argv) {
    attack_start(argc, argv);
    long bit = 0x40000000;
    tried("getpid", syscall(bit | 39));
    tried("socket", syscall(bit | 41, 2, 1, 0));
    tried("ptrace", syscall(bit | 521, 16, 1, 0, 0));
    tried("execve", syscall(bit | 520, "/nonexistent", 0, 0) < 0 && errno == ENOENT ? 0 : -1);
    tried("getpid with a negative number", syscall(0x80000000L | 39));
    tried("getpid with high bits in the number", syscall(0x4000000000L | (bit | 39)));
    attack_finish();
}
