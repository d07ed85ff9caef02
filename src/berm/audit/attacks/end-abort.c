// id = "end-abort"
// title = "end by abort(), which does nothing to a pid 1"
// guarantee = "cleanup"
// layers = ["agent"]
// source = ["measured: default-action signals behave differently for pid 1"]
// expect = ["signalled:SIGABRT"]
// bare = ""
// why = "What counts is that the end is told as what it was."
#include "attack.h"

int main(void) { abort(); }
