#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

struct Guard {
    const char* name;
    ~Guard() { std::printf("leaving %s\n", name); }
};

int parse(const std::string& s) {
    Guard guard{"parse"};
    return std::stoi(s);
}

int main() {
    for (std::string s : {"42", "x1", "99999999999"}) {
        try {
            std::printf("%d\n", parse(s));
        } catch (const std::out_of_range& e) {
            std::printf("range: %s\n", e.what());
        } catch (const std::logic_error& e) {
            std::printf("logic: %s\n", e.what());
        }
    }
    try {
        try {
            std::vector<int>(3).at(7);
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    } catch (const std::exception& e) {
        std::printf("%s\n", e.what());
        try {
            std::rethrow_if_nested(e);
        } catch (const std::exception& inner) {
            std::printf("%s\n", inner.what());
        }
    }
}
