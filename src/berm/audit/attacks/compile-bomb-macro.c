// id = "compile-bomb-macro"
// title = "take the compiler's memory with macros that double (billion laughs)"
// guarantee = "memory"
// layers = ["cgroup", "rlimits", "watchdog"]
// source = ["known: compile bombs"]
// stage = "compile"
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
#define A(x) x x x x x x x x x x x x x x x x
#define B(x) A(A(x))
#define C(x) B(B(x))
#define D(x) C(C(x))
int main(void) { int a = 0; D(a++;) return a; }
