#include <stdio.h>

static int depth(int n)
{
    volatile char pad[32] = {0};
    return n == 0 ? pad[0] : depth(n - 1) + 1;
}

int main(void)
{
    int n;
    scanf("%d", &n);
    printf("%d\n", depth(n));
}
