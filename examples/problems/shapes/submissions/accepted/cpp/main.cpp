#include "shape.hpp"
#include <iostream>
int main() {
    long long total = 0;
    for (Shape shape; std::cin >> shape;) total += shape.area();
    std::cout << total << "\n";
}
