#include <limits.h>
#include <stdio.h>

static int w[400][400], d[400], done[400];

int main(void)
{
    int n, m, u, v, c;
    scanf("%d %d", &n, &m);
    while (m-- && scanf("%d %d %d", &u, &v, &c) == 3)
        if (!w[u][v] || c < w[u][v])
            w[u][v] = w[v][u] = c;
    for (int i = 1; i < n; i++)
        d[i] = INT_MAX;
    for (;;) {
        int best = -1;
        for (int i = 0; i < n; i++)
            if (!done[i] && d[i] < INT_MAX && (best < 0 || d[i] < d[best]))
                best = i;
        if (best < 0)
            break;
        done[best] = 1;
        for (int i = 0; i < n; i++)
            if (w[best][i] && d[best] + w[best][i] < d[i])
                d[i] = d[best] + w[best][i];
    }
    for (int i = 0; i < n; i++)
        printf("%d%c", d[i], i + 1 < n ? ' ' : '\n');
}
