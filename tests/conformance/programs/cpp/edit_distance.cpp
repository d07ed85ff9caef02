#include <algorithm>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

int main() {
    std::string a, b;
    std::getline(std::cin, a);
    std::getline(std::cin, b);
    std::vector<int> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (char x : a) {
        int corner = row[0]++;
        for (size_t j = 0; j < b.size(); ++j) {
            int next = std::min({corner + (x != b[j]), row[j] + 1, row[j + 1] + 1});
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    std::cout << row.back() << std::endl;
}
