#include <cstdio>
#include <vector>

struct Tree {
    int n;
    std::vector<long> sum, add;
    explicit Tree(int n) : n(n), sum(4 * n), add(4 * n) {}
    void update(int l, int r, long x) { update(1, 0, n, l, r, x); }
    long query(int l, int r) { return query(1, 0, n, l, r); }

private:
    void update(int v, int lo, int hi, int l, int r, long x) {
        if (r <= lo || hi <= l) return;
        if (l <= lo && hi <= r) {
            sum[v] += x * (hi - lo);
            add[v] += x;
            return;
        }
        int mid = (lo + hi) / 2;
        update(2 * v, lo, mid, l, r, x);
        update(2 * v + 1, mid, hi, l, r, x);
        sum[v] = sum[2 * v] + sum[2 * v + 1] + add[v] * (hi - lo);
    }
    long query(int v, int lo, int hi, int l, int r) {
        if (r <= lo || hi <= l) return 0;
        if (l <= lo && hi <= r) return sum[v];
        int mid = (lo + hi) / 2, from = lo > l ? lo : l, to = hi < r ? hi : r;
        return query(2 * v, lo, mid, l, r) + query(2 * v + 1, mid, hi, l, r) + add[v] * (to - from);
    }
};

int main() {
    int n;
    std::scanf("%d", &n);
    Tree tree(n);
    for (int i = 0, x; i < n && std::scanf("%d", &x) == 1; ++i) tree.update(i, i + 1, x);
    for (int k = 1; k < n; k += n / 20) {
        tree.update(k / 2, k, k);
        std::printf("%ld\n", tree.query(k / 3, k + 1));
    }
}
