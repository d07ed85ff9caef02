#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string>
#include <unordered_map>
#include <vector>

int main() {
    std::unordered_map<std::string, int> counts;
    std::string word;
    for (int c = 0; c != EOF;) {
        c = std::getchar();
        if (std::isalpha(c)) {
            word += static_cast<char>(std::tolower(c));
        } else if (!word.empty()) {
            ++counts[word];
            word.clear();
        }
    }
    std::vector<std::pair<std::string, int>> list(counts.begin(), counts.end());
    std::sort(list.begin(), list.end(), [](auto& a, auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
    for (size_t i = 0; i < 10 && i < list.size(); ++i) std::printf("%6d %s\n", list[i].second, list[i].first.c_str());
}
