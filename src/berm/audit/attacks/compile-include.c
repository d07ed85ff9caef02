// id = "compile-include"
// title = "have the compiler print a host file by including it"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs"]
// source = ["DMOJ#318", "compiler-explorer#6026"]
// stage = "compile"
// needs = ["secret-file"]
// expect = ["compile_error"]
// bare = "user"
#include "@@secret_path@@"
#include </etc/shadow>
#include "/proc/self/environ"
#include "/proc/1/environ"
int main(void) { return 0; }
