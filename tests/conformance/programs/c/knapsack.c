#include <stdio.h>

int main(void)
{
    static long best[10001];
    int capacity, weight, value;
    scanf("%d", &capacity);
    while (scanf("%d %d", &weight, &value) == 2)
        for (int c = capacity; c >= weight; c--)
            if (best[c - weight] + value > best[c])
                best[c] = best[c - weight] + value;
    for (int c = 0; c <= capacity; c += capacity / 5)
        printf("%5d: %ld\n", c, best[c]);
}
