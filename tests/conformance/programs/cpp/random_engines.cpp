#include <cstdio>
#include <random>

int main() {
    unsigned seed;
    std::scanf("%u", &seed);
    std::mt19937 g(seed);
    for (int i = 0; i < 5; ++i) std::printf("%u ", static_cast<unsigned>(g()));
    std::mt19937_64 h(seed);
    h.discard(1000);
    std::printf("%llu\n", static_cast<unsigned long long>(h()));
    std::uniform_int_distribution<int> die(1, 6);
    int faces[7] = {};
    for (int i = 0; i < 6000; ++i) ++faces[die(g)];
    for (int f = 1; f < 7; ++f) std::printf("%d ", faces[f]);
    std::normal_distribution<double> normal;
    std::printf("%.9f\n", normal(g));
}
