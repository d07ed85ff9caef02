#include <stdio.h>

int main(void)
{
    int limit, best = 0;
    long start = 0;
    static unsigned short cache[1000000];
    scanf("%d", &limit);
    for (long i = 1; i < limit; i++) {
        long n = i;
        int steps = 0;
        while (n != 1 && (n >= i || !n)) {
            n = n & 1 ? 3 * n + 1 : n / 2;
            steps++;
        }
        cache[i] = steps + (n < i ? cache[n] : 0);
        if (cache[i] > best)
            best = cache[i], start = i;
    }
    printf("%ld %d\n", start, best);
}
