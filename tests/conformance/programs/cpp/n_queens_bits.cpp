#include <cstdio>

int solve(int n, int row, int c, int l, int r) {
    if (row == n) return 1;
    int total = 0;
    for (int free = ~(c | l | r) & ((1 << n) - 1); free; free &= free - 1) {
        int bit = free & -free;
        total += solve(n, row + 1, c | bit, (l | bit) << 1, (r | bit) >> 1);
    }
    return total;
}

int main() {
    int n;
    std::scanf("%d", &n);
    std::printf("%d\n", solve(n, 0, 0, 0, 0));
}
