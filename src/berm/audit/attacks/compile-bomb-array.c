// id = "compile-bomb-array"
// title = "make the compiler write a huge program"
// guarantee = "disk"
// layers = ["rlimits", "mount-namespace", "watchdog"]
// source = ["known: compile bombs"]
// stage = "compile"
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
// notes = "Compiled, the array is 4 GiB of data in the program file."
char huge[1ul << 32] = {1};
int main(void) { return huge[12345]; }
