#include <array>
#include <cstdio>

constexpr int limit = 2000;

int main() {
    std::array<int, limit + 1> best{};
    for (int w, v; std::scanf("%d%d", &w, &v) == 2;)
        for (int c = limit; c >= w; --c) best[c] = std::max(best[c], best[c - w] + v);
    for (int c = 0; c <= limit; c += 400) std::printf("%d ", best[c]);
    std::puts("");
}
