#include <cstdlib>
#include <iostream>
int main() {
    int n;
    std::cin >> n;
    long long total = 0;
    for (long long x; n-- > 0 && std::cin >> x;) total += x;
    std::cout << total << std::endl; // the right answer, and then a crash
    std::abort();
}
