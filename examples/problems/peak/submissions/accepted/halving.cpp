#include <iostream>
static long long ask(int i) {
    std::cout << "? " << i << std::endl;
    long long x;
    std::cin >> x;
    return x;
}
int main() {
    int n;
    std::cin >> n;
    int low = 1, high = n;
    while (low < high) {
        int middle = (low + high) / 2;
        if (ask(middle) < ask(middle + 1)) low = middle + 1;
        else high = middle;
    }
    std::cout << "! " << low << std::endl;
}
