#include <stdio.h>
#include <string.h>

int main(void)
{
    static char text[4096], pattern[256];
    int next[256] = {0};
    fgets(text, sizeof text, stdin);
    fgets(pattern, sizeof pattern, stdin);
    text[strcspn(text, "\n")] = pattern[strcspn(pattern, "\n")] = '\0';
    int m = strlen(pattern);
    for (int i = 1, k = 0; i < m; next[i++] = k) {
        while (k && pattern[i] != pattern[k])
            k = next[k - 1];
        k += pattern[i] == pattern[k];
    }
    for (int i = 0, k = 0; text[i]; i++) {
        while (k && text[i] != pattern[k])
            k = next[k - 1];
        k += text[i] == pattern[k];
        if (k == m) {
            printf("found at %d\n", i - m + 1);
            k = next[k - 1];
        }
    }
}
