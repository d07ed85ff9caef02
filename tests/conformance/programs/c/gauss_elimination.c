#include <math.h>
#include <stdio.h>

int main(void)
{
    int n;
    double a[10][11];
    scanf("%d", &n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= n; j++)
            scanf("%lf", &a[i][j]);
    for (int c = 0; c < n; c++) {
        int p = c;
        for (int r = c + 1; r < n; r++)
            if (fabs(a[r][c]) > fabs(a[p][c]))
                p = r;
        for (int j = 0; j <= n; j++) {
            double t = a[c][j];
            a[c][j] = a[p][j];
            a[p][j] = t;
        }
        for (int r = 0; r < n; r++) {
            if (r == c)
                continue;
            double f = a[r][c] / a[c][c];
            for (int j = c; j <= n; j++)
                a[r][j] -= f * a[c][j];
        }
    }
    for (int i = 0; i < n; i++)
        printf("x%d = %.9f\n", i, a[i][n] / a[i][i]);
}
