#include <iostream>
#include <vector>
int main() {
    size_t n;
    std::cin >> n;
    std::vector<char> cells(n << 20, 1);
    std::cout << (cells.size() >> 20) << "\n";
}
