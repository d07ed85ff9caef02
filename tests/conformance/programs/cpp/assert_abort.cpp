#include <cassert>
#include <iostream>

int main() {
    int n;
    std::cin >> n;
    std::cout << "n = " << n << std::endl;
    assert(n % 2 == 0);
}
