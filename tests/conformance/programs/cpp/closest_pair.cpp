#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <vector>

int main() {
    std::vector<std::pair<long, long>> p;
    for (long x, y; std::scanf("%ld %ld", &x, &y) == 2;) p.emplace_back(x, y);
    std::sort(p.begin(), p.end());
    std::set<std::pair<long, long>> band;
    double best = 1e18;
    size_t left = 0;
    for (auto [x, y] : p) {
        while (x - p[left].first > best) band.erase({p[left].second, p[left].first}), ++left;
        for (auto at = band.lower_bound({static_cast<long>(y - best), -1000000}); at != band.end() && at->first - y <= best; ++at)
            best = std::min(best, std::hypot(x - at->second, y - at->first));
        band.emplace(y, x);
    }
    std::printf("%.6f\n", best);
}
