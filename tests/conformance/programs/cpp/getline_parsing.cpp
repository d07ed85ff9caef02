#include <iostream>
#include <map>
#include <sstream>
#include <string>

int main() {
    std::ios::sync_with_stdio(false);
    std::map<std::string, std::map<std::string, std::string>> config;
    std::string line, section;
    while (std::getline(std::cin, line)) {
        if (line.empty() || line[0] == '#') continue;
        if (line[0] == '[') {
            section = line.substr(1, line.find(']') - 1);
        } else if (auto at = line.find('='); at != std::string::npos) {
            config[section][line.substr(0, at)] = line.substr(at + 1);
        } else {
            std::cerr << "bad line: " << line << '\n';
        }
    }
    for (auto& [name, entries] : config)
        for (auto& [key, value] : entries) std::cout << name << '.' << key << " -> " << value << '\n';
}
