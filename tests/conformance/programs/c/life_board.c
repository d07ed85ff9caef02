#include <stdio.h>
#include <string.h>

enum { N = 24 };

int main(void)
{
    char now[N + 2][N + 2] = {{0}}, next[N + 2][N + 2];
    int r = 1, ch, c = 1;
    while ((ch = getchar()) != EOF) {
        if (ch == '\n')
            r++, c = 1;
        else
            now[r][c++] = ch == '*';
    }
    for (int generation = 0; generation < 16; generation++) {
        memset(next, 0, sizeof next);
        for (r = 1; r <= N; r++)
            for (c = 1; c <= N; c++) {
                int near = -now[r][c];
                for (int y = r - 1; y <= r + 1; y++)
                    for (int x = c - 1; x <= c + 1; x++)
                        near += now[y][x];
                next[r][c] = near == 3 || (near == 2 && now[r][c]);
            }
        memcpy(now, next, sizeof now);
    }
    for (r = 1; r <= N; r++, putchar('\n'))
        for (c = 1; c <= N; c++)
            putchar(now[r][c] ? '*' : '.');
}
