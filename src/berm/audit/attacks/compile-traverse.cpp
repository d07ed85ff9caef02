// id = "compile-traverse"
// title = "reach a host file from the compiler by .., __has_include and the assembler's include"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs"]
// source = ["DMOJ#318"]
// stage = "compile"
// needs = ["secret-file"]
// expect = ["compile_error"]
// bare = "user"
#if __has_include("@@secret_path@@") || __has_include("../../../../../../../../../..@@secret_path@@")
#error the compiler can see it
#include "../../../../../../../../../..@@secret_path@@"
#endif
__asm__(".include \"@@secret_path@@\"");
int main() { return 0; }
