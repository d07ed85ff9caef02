// id = "compile-bomb-template"
// title = "keep the compiler busy for ever with templates"
// guarantee = "cpu"
// layers = ["watchdog", "rlimits", "cgroup"]
// source = ["known: compile bombs"]
// stage = "compile"
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
template <int depth, int seed>
struct Tree {
    static constexpr long value = Tree<depth - 1, seed * 2>::value + Tree<depth - 1, seed * 2 + 1>::value;
};
template <int seed>
struct Tree<0, seed> {
    static constexpr long value = seed;
};
int main() { return static_cast<int>(Tree<26, 1>::value); }
