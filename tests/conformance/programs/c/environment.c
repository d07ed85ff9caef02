#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(void)
{
    int n = 0;
    while (environ[n])
        n++;
    printf("%d %s %s\n", n, getenv("LANG"), getenv("BERM_SECRET") ? "leaked" : "clean");
    for (int i = 0; i < n; i++)
        printf("%.*s\n", (int)strcspn(environ[i], "="), environ[i]);
}
