#define _POSIX_C_SOURCE 200809L
#include <stdio.h>

int main(void)
{
    long long sum = 0, count = 0, x;
    int c, sign = 1, in = 0;
    x = 0;
    while ((c = getchar_unlocked()) != EOF) {
        if (c == '-')
            sign = -1;
        else if (c >= '0' && c <= '9')
            x = x * 10 + c - '0', in = 1;
        else if (in)
            sum += sign * x, count++, x = 0, in = 0, sign = 1;
    }
    printf("%lld %lld\n", count, sum);
}
