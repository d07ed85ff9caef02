#include <stdio.h>

static int a[100000];

static void sift(int root, int end)
{
    for (int child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && a[child] < a[child + 1])
            child++;
        if (a[root] >= a[child])
            return;
        int t = a[root];
        a[root] = a[child];
        a[child] = t;
    }
}

int main(void)
{
    int n;
    scanf("%d", &n);
    for (int i = 0; i < n; i++)
        scanf("%d", a + i);
    for (int i = n / 2 - 1; i >= 0; i--)
        sift(i, n);
    for (int end = n - 1; end > 0; end--) {
        int t = a[0];
        a[0] = a[end];
        a[end] = t;
        sift(0, end);
    }
    unsigned long long check = 0;
    for (int i = 0; i < n; i++)
        check = check * 1000003u + (unsigned)a[i];
    printf("%d %d %llu\n", a[0], a[n - 1], check);
}
