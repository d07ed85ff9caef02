#include <stdio.h>
#include <stdlib.h>

typedef struct {
    long x, y;
} point;

static int order(const void *p, const void *q)
{
    const point *a = p, *b = q;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->y > b->y) - (a->y < b->y);
}

static long cross(point o, point a, point b)
{
    return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

int main(void)
{
    static point p[1000], h[2000];
    int n = 0, k = 0;
    while (scanf("%ld %ld", &p[n].x, &p[n].y) == 2)
        n++;
    qsort(p, n, sizeof *p, order);
    for (int i = 0; i < n; h[k++] = p[i++])
        while (k > 1 && cross(h[k - 2], h[k - 1], p[i]) <= 0)
            k--;
    for (int i = n - 2, low = k; i >= 0; h[k++] = p[i--])
        while (k > low && cross(h[k - 2], h[k - 1], p[i]) <= 0)
            k--;
    long area = 0;
    for (int i = 0; i + 1 < k; i++) {
        printf("(%ld, %ld)\n", h[i].x, h[i].y);
        area += h[i].x * h[i + 1].y - h[i].y * h[i + 1].x;
    }
    printf("%ld.%d\n", area / 2, area % 2 ? 5 : 0);
}
