#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

using u64 = unsigned long long;

u64 mul(u64 a, u64 b, u64 m) { return static_cast<unsigned __int128>(a) * b % m; }

u64 power(u64 b, u64 e, u64 m) {
    u64 r = 1;
    for (; e; e >>= 1, b = mul(b, b, m))
        if (e & 1) r = mul(r, b, m);
    return r;
}

bool prime(u64 n) {
    if (n < 2) return false;
    for (u64 p : {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37})
        if (n % p == 0) return n == p;
    int s = __builtin_ctzll(n - 1);
    for (u64 a : {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37}) {
        u64 x = power(a, n >> s, n);
        int k = 0;
        while (x != 1 && x != n - 1 && ++k < s) x = mul(x, x, n);
        if (x != n - 1 && (k || x != 1)) return false;
    }
    return true;
}

void factor(u64 n, std::vector<u64>& out) {
    if (n == 1) return;
    if (prime(n)) return out.push_back(n);
    for (u64 p : {2, 3, 5, 7})
        if (n % p == 0) {
            out.push_back(p);
            return factor(n / p, out);
        }
    for (u64 c = 1;; ++c) {
        u64 x = 2, y = 2, d = 1;
        while (d == 1) {
            x = (mul(x, x, n) + c) % n;
            y = (mul(y, y, n) + c) % n;
            y = (mul(y, y, n) + c) % n;
            d = std::gcd(x > y ? x - y : y - x, n);
        }
        if (d != n) {
            factor(d, out);
            return factor(n / d, out);
        }
    }
}

int main() {
    for (u64 n; std::scanf("%llu", &n) == 1;) {
        std::vector<u64> f;
        factor(n, f);
        std::sort(f.begin(), f.end());
        std::printf("%llu =", n);
        for (u64 p : f) std::printf(" %llu", p);
        std::puts("");
    }
}
