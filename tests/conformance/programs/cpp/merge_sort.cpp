#include <cstdio>
#include <vector>

template <class T>
void merge_sort(std::vector<T>& a, std::vector<T>& t, int lo, int hi) {
    if (hi - lo < 2) return;
    int mid = lo + (hi - lo) / 2;
    merge_sort(a, t, lo, mid);
    merge_sort(a, t, mid, hi);
    for (int i = lo, j = mid, k = lo; k < hi; ++k) t[k] = (j >= hi || (i < mid && a[i] <= a[j])) ? a[i++] : a[j++];
    for (int k = lo; k < hi; ++k) a[k] = t[k];
}

int main() {
    std::vector<int> a;
    for (int x; std::scanf("%d", &x) == 1;) a.push_back(x);
    auto t = a;
    merge_sort(a, t, 0, static_cast<int>(a.size()));
    for (int x : a) std::printf("%d\n", x);
}
