#include <stdio.h>

int main(void)
{
    unsigned long long n;
    while (scanf("%llu", &n) == 1) {
        printf("%llu:", n);
        for (unsigned long long p = 2; p * p <= n; p += 1 + (p & 1))
            while (n % p == 0) {
                printf(" %llu", p);
                n /= p;
            }
        if (n > 1)
            printf(" %llu", n);
        putchar('\n');
    }
}
