// id = "compile-bomb-constexpr"
// title = "keep the compiler busy with a constant that takes for ever"
// guarantee = "cpu"
// layers = ["watchdog", "rlimits"]
// source = ["known: compile bombs"]
// stage = "compile"
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
constexpr unsigned long inner(unsigned long x) {
    for (int i = 0; i < 200000; i++) x = x * 31 + 7;
    return x;
}
template <unsigned long... n>
struct Many {};
template <int n>
constexpr unsigned long many = inner(many<n - 1>);
template <>
constexpr unsigned long many<0> = 1;
int main() { return static_cast<int>(many<800>); }
