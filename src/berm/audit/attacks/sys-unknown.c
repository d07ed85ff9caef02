// id = "sys-unknown"
// title = "make every system call number that a filter may not know"
// guarantee = "syscalls"
// layers = ["seccomp"]
// source = ["HUSTOJ#429", "design: unknown numbers denied"]
// bare = "user"
// notes = "Numbers from 335 up are newer than many filters. Counted are those which the kernel itself answered: with anything but EPERM or ENOSYS."
#include "attack.h"

int main(int argc, char **argv) {
    attack_start(argc, argv);
    char label[32];
    long known = 0;
    /* Those that have no effect with arguments of -1 and 0, and which no run needs. */
    int numbers[] = {427, 428, 430, 432, 433, 438, 442, 443, 447, 448, 453, 454, 455, 456, 457, 458, 459, 460, 461, 463, 464, 465, 466, 467, 468, 469};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        long result = syscall(numbers[i], -1L, 0L, -1L, -1L, 0L, 0L);
        if (result < 0 && (errno == EPERM || errno == ENOSYS)) continue;
        known++;
        snprintf(label, sizeof label, "%d", numbers[i]);
        tried_past(label, result, errno);
    }
    long wild[] = {470, 500, 548, 600, 1000, 4096, 65536, 0x3fffffff, 0x7fffffff, -1, -2};
    for (unsigned i = 0; i < sizeof wild / sizeof *wild; i++) {
        long result = syscall(wild[i], 0L, 0L, 0L, 0L, 0L, 0L);
        if (result < 0 && (errno == EPERM || errno == ENOSYS)) continue;
        snprintf(label, sizeof label, "%ld", wild[i]);
        tried_past(label, result, errno);
    }
    if (!known && !*attack_through) held("none was answered by the kernel");
    attack_finish();
}
