#include <iostream>
int main() {
    int n, count = 0;
    std::cin >> n;
    for (int m = 2; m <= n; m++) {
        bool prime = true;
        for (int d = 2; d < m; d++) prime &= m % d != 0;
        count += prime;
    }
    std::cout << count << "\n";
}
