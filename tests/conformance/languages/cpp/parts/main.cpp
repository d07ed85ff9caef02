#include "answer.hpp"
#include <iostream>

int main() { std::cout << "parts: " << answer() << '\n'; }
