#include <cstdio>
#include <optional>
#include <string>
#include <variant>
#include <vector>

using Value = std::variant<int, double, std::string>;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

std::optional<Value> read() {
    char kind, text[64];
    if (std::scanf(" %c:%63s", &kind, text) != 2) return std::nullopt;
    if (kind == 'i') return std::stoi(text);
    if (kind == 'd') return std::stod(text);
    return std::string(text);
}

int main() {
    while (auto value = read())
        std::visit(Overloaded{[](int x) { std::printf("int %d\n", x * 2); },
                              [](double x) { std::printf("double %.3f\n", x / 2); },
                              [](const std::string& s) { std::printf("string %zu %s\n", s.size(), s.c_str()); }},
                   *value);
    std::get<int>(Value("text"));
}
