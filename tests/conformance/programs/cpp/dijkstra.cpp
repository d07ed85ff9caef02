#include <cstdio>
#include <queue>
#include <vector>

int main() {
    int n, m;
    std::scanf("%d %d", &n, &m);
    std::vector<std::vector<std::pair<int, int>>> g(n);
    for (int u, v, w; m-- && std::scanf("%d %d %d", &u, &v, &w) == 3;) {
        g[u].emplace_back(v, w);
        g[v].emplace_back(u, w);
    }
    std::vector<long> d(n, 1L << 60);
    using state = std::pair<long, int>;
    std::priority_queue<state, std::vector<state>, std::greater<>> q;
    q.emplace(d[0] = 0, 0);
    while (!q.empty()) {
        auto [du, u] = q.top();
        q.pop();
        if (du > d[u]) continue;
        for (auto [v, w] : g[u])
            if (du + w < d[v]) q.emplace(d[v] = du + w, v);
    }
    for (long x : d) std::printf("%ld ", x);
}
