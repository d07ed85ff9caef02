#include <fstream>
#include <iostream>
#include <string>
#include <vector>
int main(int argc, char **argv) {
    if (argc < 4) return 1;
    std::ifstream in(argv[1]), ans(argv[2]);
    std::ofstream message(std::string(argv[3]) + "judgemessage.txt");
    int n, expected;
    if (!(in >> n) || !(ans >> expected)) return 1;
    std::vector<long long> row(n);
    for (auto &x : row)
        if (!(in >> x)) return 1;
    std::cout << n << std::endl;
    for (int asked = 0;;) {
        char kind;
        int i;
        if (!(std::cin >> kind >> i)) {
            message << "it ended after " << asked << " questions\n";
            return 43;
        }
        if (kind == '!') {
            message << "answered " << i << ", expected " << expected << "\n";
            return i == expected ? 42 : 43;
        }
        if (kind != '?' || i < 1 || i > n || ++asked > 60) {
            message << "a wrong question, or too many\n";
            return 43;
        }
        std::cout << row[i - 1] << std::endl;
    }
}
