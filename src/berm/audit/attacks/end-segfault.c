// id = "end-segfault"
// title = "end by a fault with a broken stack and a handler that faults again"
// guarantee = "cleanup"
// layers = ["agent"]
// source = ["limit: outcome is told as it was"]
// expect = ["signalled:SIGSEGV"]
// bare = ""
// why = "What counts is that the end is told as what it was."
#include "attack.h"
#include <signal.h>

static void again(int number) { *(volatile int *)8 = number; }

int main(void) {
    signal(SIGSEGV, again);
    *(volatile int *)8 = 1;
    return 0;
}
