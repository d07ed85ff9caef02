#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> tails;
    for (int x; std::scanf("%d", &x) == 1;) {
        auto at = std::lower_bound(tails.begin(), tails.end(), x);
        if (at == tails.end())
            tails.push_back(x);
        else
            *at = x;
    }
    std::printf("%zu\n", tails.size());
}
