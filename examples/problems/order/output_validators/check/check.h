#pragma once
#include <cstdlib>
#include <fstream>
#include <string>
static std::ofstream feedback;
[[noreturn]] static void reject(const std::string &text) {
    feedback << text << "\n" << std::flush;
    std::exit(43);
}
[[noreturn]] static void accept() { std::exit(42); }
