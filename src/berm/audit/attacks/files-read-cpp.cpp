// id = "files-read-cpp"
// title = "read a host file from C++: streams, std::filesystem, a module loaded at run time"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs"]
// source = ["CVE-2024-28185"]
// needs = ["secret-file"]
// bare = "user"
#include "attack.h"
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

int main(int argc, char **argv) {
    attack_start(argc, argv);
    const std::string path = prop("secret_path"), folder = prop("secret_dir");
    std::string text;
    errno = ENOENT;
    if (std::ifstream file{path}; std::getline(file, text)) {
        std::cout << "READ " << text << std::endl;
        tried("ifstream", 0);
    } else
        tried("ifstream", -1);
    std::error_code error;
    for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
        std::cout << entry.path() << std::endl;
        tried("directory_iterator", 0);
    }
    std::filesystem::copy_file(path, "copy", error);
    errno = error.value();
    tried("copy_file", error ? -1 : 0);
    if (!dlopen(path.c_str(), RTLD_NOW)) {
        const std::string said = dlerror();
        if (said.find("too short") != std::string::npos || said.find("ELF") != std::string::npos) tried("dlopen read it", 0);
    }
    attack_finish();
}
