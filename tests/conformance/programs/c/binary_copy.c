#include <stdio.h>

int main(void)
{
    unsigned char buffer[4096];
    unsigned long a = 1, b = 0;
    size_t n, total = 0;
    while ((n = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
        for (size_t i = 0; i < n; i++) {
            a = (a + buffer[i]) % 65521;
            b = (b + a) % 65521;
        }
        total += n;
        fwrite(buffer, 1, n, stdout);
    }
    fprintf(stderr, "%zu %08lx\n", total, b << 16 | a);
}
