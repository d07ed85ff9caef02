#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> a;
    for (int x; std::scanf("%d", &x) == 1;) a.push_back(x);
    auto sorted = a;
    std::sort(sorted.begin(), sorted.end());
    std::vector<int> tree(a.size() + 1);
    long inversions = 0;
    for (size_t i = a.size(); i-- > 0;) {
        int at = static_cast<int>(std::lower_bound(sorted.begin(), sorted.end(), a[i]) - sorted.begin());
        for (int k = at; k > 0; k &= k - 1) inversions += tree[k];
        for (size_t k = at + 1; k < tree.size(); k += k & -k) ++tree[k];
    }
    std::printf("%ld\n", inversions);
}
