#include <stdint.h>
#include <stdio.h>
#include <string.h>

union word {
    double d;
    uint64_t bits;
    unsigned char bytes[8];
};

struct flags {
    unsigned a : 3, b : 5;
    signed c : 4;
};

int main(void)
{
    union word w = {.d = -1.5};
    printf("%016llx", (unsigned long long)w.bits);
    for (int i = 0; i < 8; i++)
        printf(" %02x", w.bytes[i]);
    struct flags f = {.a = 5, .b = 31, .c = -3};
    printf("\n%u %u %d %zu\n", f.a, f.b, f.c, sizeof f);
    float x = 16777216.0f;
    uint32_t raw;
    memcpy(&raw, &x, sizeof raw);
    printf("%08x %d\n", raw, x + 1 == x);
}
