// id = "compile-incbin"
// title = "have the assembler put a host file into the program"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs"]
// source = ["DMOJ#318"]
// stage = "compile"
// needs = ["secret-file"]
// expect = ["compile_error"]
// bare = "user"
#include <stdio.h>
__asm__(".section .rodata\n"
        ".global stolen\nstolen:\n.incbin \"@@secret_path@@\"\n.byte 0\n"
        ".text\n");
extern const char stolen[];
int main(void) {
    printf("ESCAPED %s\n", stolen);
    return 0;
}
