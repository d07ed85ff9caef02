#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) {
    int n;
    if (scanf("%d", &n) != 1) return 1;
    for (int i = 0; i < n; i++) {
        char *cell = malloc(1 << 20);
        if (!cell) abort();
        memset(cell, i, 1 << 20);
    }
    printf("%d\n", n);
    return 0;
}
