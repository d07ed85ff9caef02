#include <algorithm>
#include <cstdio>
#include <tuple>
#include <vector>

struct P {
    long x, y;
    auto operator<=>(const P&) const = default;
};

long cross(P o, P a, P b) { return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x); }

int main() {
    std::vector<P> p, h;
    for (P q; std::scanf("%ld %ld", &q.x, &q.y) == 2;) p.push_back(q);
    std::sort(p.begin(), p.end());
    for (int side = 0; side < 2; ++side, std::reverse(p.begin(), p.end())) {
        size_t base = h.size();
        for (P q : p) {
            while (h.size() >= base + 2 && cross(h[h.size() - 2], h.back(), q) <= 0) h.pop_back();
            h.push_back(q);
        }
        h.pop_back();
    }
    for (P q : h) std::printf("%ld %ld\n", q.x, q.y);
}
