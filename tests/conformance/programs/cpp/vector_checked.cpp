#include <cstdio>
#include <vector>

int main() {
    std::vector<int> v{1, 2, 3};
    std::printf("%d\n", v.at(1));
    std::fflush(stdout);
    return v.at(3);
}
