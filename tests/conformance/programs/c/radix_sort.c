#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t a[60000], b[60000];

int main(void)
{
    int n = 0, x;
    while (scanf("%d", &x) == 1)
        a[n++] = (uint32_t)x ^ 0x80000000u;
    for (int shift = 0; shift < 32; shift += 8) {
        int count[257] = {0};
        for (int i = 0; i < n; i++)
            count[(a[i] >> shift & 255) + 1]++;
        for (int i = 0; i < 256; i++)
            count[i + 1] += count[i];
        for (int i = 0; i < n; i++)
            b[count[a[i] >> shift & 255]++] = a[i];
        memcpy(a, b, n * sizeof *a);
    }
    for (int i = 0; i < n; i += n / 10)
        printf("%d\n", (int32_t)(a[i] ^ 0x80000000u));
}
