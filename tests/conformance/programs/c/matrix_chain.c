#include <stdio.h>

static long cost[101][101];
static int split[101][101];

static void show(int i, int j)
{
    if (i == j) {
        printf("A%d", i);
        return;
    }
    putchar('(');
    show(i, split[i][j]);
    show(split[i][j] + 1, j);
    putchar(')');
}

int main(void)
{
    int n, d[102];
    scanf("%d", &n);
    for (int i = 0; i <= n; i++)
        scanf("%d", d + i);
    for (int len = 2; len <= n; len++)
        for (int i = 1; i + len - 1 <= n; i++) {
            int j = i + len - 1;
            cost[i][j] = -1;
            for (int k = i; k < j; k++) {
                long c = cost[i][k] + cost[k + 1][j] + (long)d[i - 1] * d[k] * d[j];
                if (cost[i][j] < 0 || c < cost[i][j])
                    cost[i][j] = c, split[i][j] = k;
            }
        }
    printf("%ld ", cost[1][n]);
    show(1, n);
    putchar('\n');
}
