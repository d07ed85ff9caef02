#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> v;
    for (int x; std::scanf("%d", &x) == 1;) v.push_back(x);
    for (double q : {0.0, 0.25, 0.5, 0.75, 0.999}) {
        auto at = v.begin() + static_cast<long>(q * v.size());
        std::nth_element(v.begin(), at, v.end());
        std::printf("%.3f %d\n", q, *at);
    }
}
