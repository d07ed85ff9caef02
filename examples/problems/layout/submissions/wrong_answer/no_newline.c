#include <stdio.h>
int main(void) {
    int w, h;
    if (scanf("%d %d", &w, &h) != 2) return 1;
    for (int r = 0; r < h; r++) {
        for (int c = 0; c < w; c++) putchar(r == 0 || c == 0 || r == h - 1 || c == w - 1 ? '#' : ' ');
        if (r + 1 < h) putchar('\n');
    }
    return 0;
}
