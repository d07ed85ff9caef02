#include <algorithm>
#include <iostream>
#include <vector>
int main() {
    int n, amount, count = 0;
    std::cin >> n >> amount;
    std::vector<int> coins(n);
    for (int &c : coins) std::cin >> c;
    std::sort(coins.rbegin(), coins.rend());
    for (int c : coins) {
        count += amount / c;
        amount %= c;
    }
    std::cout << (amount ? -1 : count) << "\n";
}
