#include <algorithm>
#include <cstdio>
#include <queue>
#include <vector>

struct Edge {
    int to, back;
    long room;
};

int main() {
    int n, m;
    std::scanf("%d %d", &n, &m);
    std::vector<std::vector<Edge>> g(n);
    for (int u, v, w; m-- && std::scanf("%d %d %d", &u, &v, &w) == 3;) {
        if (u == v) continue;
        g[u].push_back({v, static_cast<int>(g[v].size()), w});
        g[v].push_back({u, static_cast<int>(g[u].size()) - 1, 0});
    }
    long flow = 0;
    for (;;) {
        std::vector<std::pair<int, int>> from(n, {-1, -1});
        std::queue<int> q({0});
        from[0] = {0, -1};
        while (!q.empty() && from[n - 1].first < 0) {
            int u = q.front();
            q.pop();
            for (int i = 0; i < static_cast<int>(g[u].size()); ++i)
                if (auto& e = g[u][i]; e.room > 0 && from[e.to].first < 0) {
                    from[e.to] = {u, i};
                    q.push(e.to);
                }
        }
        if (from[n - 1].first < 0) break;
        long push = 1L << 60;
        for (int v = n - 1; v; v = from[v].first) push = std::min(push, g[from[v].first][from[v].second].room);
        for (int v = n - 1; v; v = from[v].first) {
            auto& e = g[from[v].first][from[v].second];
            e.room -= push;
            g[v][e.back].room += push;
        }
        flow += push;
    }
    std::printf("%ld\n", flow);
}
