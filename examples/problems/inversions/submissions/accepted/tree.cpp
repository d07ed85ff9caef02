#include <algorithm>
#include <iostream>
#include <vector>
int main() {
    int n;
    std::cin >> n;
    std::vector<int> a(n), sorted;
    for (int &x : a) std::cin >> x;
    sorted = a;
    std::sort(sorted.begin(), sorted.end());
    std::vector<int> tree(n + 1);
    long long count = 0;
    for (int i = 0; i < n; i++) {
        int at = std::lower_bound(sorted.begin(), sorted.end(), a[i]) - sorted.begin() + 1;
        int upto = std::upper_bound(sorted.begin(), sorted.end(), a[i]) - sorted.begin();
        long long smaller = 0;
        for (int k = upto; k > 0; k -= k & -k) smaller += tree[k];
        count += i - smaller;
        for (int k = at; k <= n; k += k & -k) tree[k]++;
    }
    std::cout << count << "\n";
}
