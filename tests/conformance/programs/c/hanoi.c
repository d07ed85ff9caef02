#include <stdio.h>

static int moves;

static void hanoi(int n, char from, char to, char via)
{
    if (!n)
        return;
    hanoi(n - 1, from, via, to);
    printf("%d: %c -> %c\n", ++moves, from, to);
    hanoi(n - 1, via, to, from);
}

int main(void)
{
    int n;
    scanf("%d", &n);
    hanoi(n, 'A', 'C', 'B');
}
