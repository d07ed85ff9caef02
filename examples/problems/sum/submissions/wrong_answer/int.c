#include <stdio.h>
int main(void) {
    int n;
    unsigned total = 0; /* too small for the sum */
    long long x;
    if (scanf("%d", &n) != 1) return 1;
    while (n-- > 0 && scanf("%lld", &x) == 1) total += (unsigned)x;
    printf("%d\n", (int)total);
    return 0;
}
