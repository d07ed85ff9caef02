// id = "compile-bomb-include"
// title = "include itself again and again"
// guarantee = "cpu"
// layers = ["watchdog", "rlimits"]
// source = ["known: compile bombs"]
// stage = "compile"
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
#if __INCLUDE_LEVEL__ < 190
#include __FILE__
#include __FILE__
#endif
int main(void) { return 0; }
