#include <inttypes.h>
#include <stdio.h>

static uint32_t reverse(uint32_t x)
{
    x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
    x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
    x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(x);
}

int main(void)
{
    uint32_t x;
    while (scanf("%" SCNu32, &x) == 1)
        printf("%" PRIu32 " %d %d %d %08" PRIx32 " %d %" PRIu32 "\n", x, __builtin_popcount(x),
               x ? __builtin_clz(x) : 32, x ? __builtin_ctz(x) : 32, reverse(x), (x & (x - 1)) == 0, x ^ x >> 1);
}
