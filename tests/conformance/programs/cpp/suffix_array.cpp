#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

int main() {
    std::string s;
    for (int c; (c = std::getchar()) > ' ';) s += static_cast<char>(c);
    int n = static_cast<int>(s.size());
    std::vector<int> sa(n), rank(s.begin(), s.end()), next(n);
    std::iota(sa.begin(), sa.end(), 0);
    for (int k = 1;; k *= 2) {
        auto key = [&](int i) { return std::pair(rank[i], i + k < n ? rank[i + k] : -1); };
        std::sort(sa.begin(), sa.end(), [&](int i, int j) { return key(i) < key(j); });
        next[sa[0]] = 0;
        for (int i = 1; i < n; ++i) next[sa[i]] = next[sa[i - 1]] + (key(sa[i - 1]) < key(sa[i]));
        rank = next;
        if (rank[sa[n - 1]] == n - 1) break;
    }
    for (int i : sa) std::printf("%d %s\n", i, s.c_str() + i);
}
