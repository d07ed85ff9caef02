#include <stdio.h>

static int solve(unsigned all, unsigned cols, unsigned left, unsigned right)
{
    if (cols == all)
        return 1;
    int count = 0;
    for (unsigned free = all & ~(cols | left | right), bit; free; free ^= bit) {
        bit = free & -free;
        count += solve(all, cols | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

int main(void)
{
    int n;
    scanf("%d", &n);
    for (int k = 1; k <= n; k++)
        printf("%d %d\n", k, solve((1u << k) - 1, 0, 0, 0));
}
