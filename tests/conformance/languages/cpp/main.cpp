#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

int main(int argc, char **argv)
{
    const std::string mode = argc > 1 ? argv[1] : "hello";
    if (mode == "hello")
        std::cout << "Hello, world!\n";
    else if (mode == "echo")
        for (std::string line; std::getline(std::cin, line);)
            std::cout << line << '\n';
    else if (mode == "args")
        for (int i = 2; i < argc; i++)
            std::cout << argv[i] << '\n';
    else if (mode == "exit")
        return 7;
    else if (mode == "crash")
        throw std::runtime_error("on purpose");
    else if (mode == "spin")
        for (volatile unsigned i = 0;;)
            i = i + 1;
    else if (mode == "fill")
        for (std::vector<std::string> all;;)
            all.push_back(std::string(1 << 20, 'x'));
    else if (mode == "read") {
        std::ifstream file(argv[2]);
        if (!file) {
            std::cerr << argv[2] << ": " << std::strerror(errno) << '\n';
            return 1;
        }
        std::cout << file.rdbuf();
    }
}
