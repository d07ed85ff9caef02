#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    char line[200];
    while (fgets(line, sizeof line, stdin)) {
        int n = 0;
        for (char *word = strtok(line, " ,.\n"); word; word = strtok(NULL, " ,.\n"))
            printf("%d:%s(%zu) ", n++, word, strlen(word));
        puts("");
    }
    char buffer[32] = "abc";
    strncat(buffer, "def", 20);
    memmove(buffer + 2, buffer, 4);
    printf("%s %d %ld %s\n", buffer, strcmp("a", "b") < 0, strtol("0x1fz", NULL, 16), strchr("hello", 'l'));
    printf("%d %.2f %s\n", atoi("12abc"), atof("2.5e2x"), strstr("needle in hay", "in"));
}
