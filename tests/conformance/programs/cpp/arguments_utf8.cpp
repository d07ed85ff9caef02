// berm: args ["--name=Zoë", "", "two words"]
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) std::printf("<%s> %zu\n", argv[i], std::string(argv[i]).size());
    std::string line;
    for (int c; (c = std::getchar()) != EOF;) line += static_cast<char>(c);
    size_t points = 0;
    for (unsigned char c : line) points += (c & 0xc0) != 0x80;
    std::printf("%zu bytes, %zu code points: %s", line.size(), points, line.c_str());
    return argc;
}
