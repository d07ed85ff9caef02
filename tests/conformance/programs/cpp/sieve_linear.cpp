#include <cstdio>
#include <vector>

int main() {
    int n;
    std::scanf("%d", &n);
    std::vector<int> least(n + 1), primes;
    long totients = 1;
    std::vector<int> phi(n + 1, 1);
    for (int i = 2; i <= n; ++i) {
        if (!least[i]) {
            least[i] = i;
            phi[i] = i - 1;
            primes.push_back(i);
        }
        totients += phi[i];
        for (int p : primes) {
            if (p > least[i] || static_cast<long>(p) * i > n) break;
            least[p * i] = p;
            phi[p * i] = p == least[i] ? phi[i] * p : phi[i] * (p - 1);
        }
    }
    std::printf("%zu %d %ld\n", primes.size(), primes.back(), totients);
}
