#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

int main() {
    int n, m;
    std::scanf("%d %d", &n, &m);
    std::vector<std::vector<std::pair<int, int>>> g(n);
    for (int i = 0, u, v, w; i < m && std::scanf("%d %d %d", &u, &v, &w) == 3; ++i) {
        g[u].push_back({v, i});
        g[v].push_back({u, i});
    }
    std::vector<int> in(n, -1), low(n);
    std::vector<std::pair<int, int>> bridges;
    int timer = 0;
    std::function<void(int, int)> visit = [&](int u, int by) {
        in[u] = low[u] = timer++;
        for (auto [v, id] : g[u]) {
            if (id == by) continue;
            if (in[v] < 0) {
                visit(v, id);
                low[u] = std::min(low[u], low[v]);
                if (low[v] > in[u]) bridges.push_back(std::minmax(u, v));
            } else {
                low[u] = std::min(low[u], in[v]);
            }
        }
    };
    for (int u = 0; u < n; ++u)
        if (in[u] < 0) visit(u, -1);
    std::sort(bridges.begin(), bridges.end());
    std::printf("%zu bridges\n", bridges.size());
    for (auto [u, v] : bridges) std::printf("%d-%d ", u, v);
}
