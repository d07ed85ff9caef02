#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

std::vector<std::string_view> split(std::string_view text, char by) {
    std::vector<std::string_view> parts;
    for (size_t at; (at = text.find(by)) != text.npos; text.remove_prefix(at + 1)) parts.push_back(text.substr(0, at));
    parts.push_back(text);
    return parts;
}

int main() {
    std::string line;
    for (int c; (c = std::getchar()) != EOF && c != '\n';) line += static_cast<char>(c);
    long total = 0;
    for (auto part : split(line, ',')) {
        long value = 0;
        auto [end, error] = std::from_chars(part.begin(), part.end(), value);
        std::printf("[%.*s] %s %ld\n", static_cast<int>(part.size()), part.data(), error == std::errc() ? "ok" : "bad", value);
        total += value;
    }
    std::printf("%ld\n", total);
}
