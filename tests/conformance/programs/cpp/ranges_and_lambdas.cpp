#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

int main() {
    std::vector<int> v(20);
    std::iota(v.begin(), v.end(), 1);
    std::erase_if(v, [](int x) { return x % 3 == 0; });
    std::ranges::sort(v, std::greater{}, [](int x) { return x % 5; });
    for (int x : v) std::printf("%d ", x);
    auto make = [n = 0](int step) mutable { return n += step; };
    std::printf("%d %d %d\n", make(2), make(3), std::accumulate(v.begin(), v.end(), 0, [](int a, int x) { return a ^ x; }));
    auto curry = [](auto f, auto... bound) { return [=](auto... rest) { return f(bound..., rest...); }; };
    std::printf("%d\n", curry([](int a, int b, int c) { return a * 100 + b * 10 + c; }, 1, 2)(3));
}
