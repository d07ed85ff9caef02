#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    int *data = NULL, n = 0, room = 0, x;
    while (scanf("%d", &x) == 1) {
        if (n == room)
            data = realloc(data, (room = room ? 2 * room : 16) * sizeof *data);
        data[n++] = x;
    }
    qsort(data, n, sizeof *data, compare);
    for (int i = 0; i < n; i++)
        printf("%d\n", data[i]);
    free(data);
}
