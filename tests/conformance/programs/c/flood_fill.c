#include <stdio.h>

static char g[200][200];
static int h, w;

static int fill(int r, int c)
{
    if (r < 0 || c < 0 || r >= h || c >= w || g[r][c] != '.')
        return 0;
    g[r][c] = '+';
    return 1 + fill(r + 1, c) + fill(r - 1, c) + fill(r, c + 1) + fill(r, c - 1);
}

int main(void)
{
    int regions = 0, largest = 0;
    scanf("%d %d", &h, &w);
    for (int r = 0; r < h; r++)
        scanf("%199s", g[r]);
    for (int r = 0; r < h; r++)
        for (int c = 0; c < w; c++) {
            int size = fill(r, c);
            regions += size > 0;
            if (size > largest)
                largest = size;
        }
    printf("%d regions, largest %d\n", regions, largest);
}
