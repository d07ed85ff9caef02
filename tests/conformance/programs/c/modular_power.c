#include <stdio.h>

typedef unsigned long long u64;
typedef unsigned __int128 u128;

static u64 power(u64 b, u64 e, u64 m)
{
    u64 r = 1 % m;
    for (b %= m; e; e >>= 1, b = (u128)b * b % m)
        if (e & 1)
            r = (u128)r * b % m;
    return r;
}

int main(void)
{
    u64 b, e, m;
    while (scanf("%llu %llu %llu", &b, &e, &m) == 3)
        printf("%llu^%llu mod %llu = %llu\n", b, e, m, power(b, e, m));
}
