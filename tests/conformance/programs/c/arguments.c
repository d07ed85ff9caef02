// berm: args ["one", "two words", "", "*", "é"]
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    printf("%d %s\n", argc, strrchr(argv[0], '/') + 1);
    for (int i = 1; i < argc; i++)
        printf("[%s] %zu\n", argv[i], strlen(argv[i]));
    return argv[argc] != NULL;
}
