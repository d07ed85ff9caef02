#include <filesystem>
#include <fstream>
#include <iostream>

int main() {
    namespace fs = std::filesystem;
    std::ofstream("notes.txt") << "alpha\nbeta\n";
    std::ofstream("notes.txt", std::ios::app) << "gamma\n";
    std::ifstream in("notes.txt");
    for (std::string line; std::getline(in, line);) std::cout << line.size() << ' ' << line << '\n';
    fs::create_directories("a/b");
    fs::rename("notes.txt", "a/b/n");
    std::cout << fs::file_size("a/b/n") << ' ' << fs::exists("notes.txt") << ' ' << fs::temp_directory_path().is_absolute() << '\n';
    std::ifstream absent("absent");
    std::cout << absent.is_open() << std::endl;
    fs::remove("absent/deeper");
    std::cout << fs::file_size("absent");
}
