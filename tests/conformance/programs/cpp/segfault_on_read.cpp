#include <cstdio>
#include <cstdlib>

int main() {
    std::printf("will be lost in the buffer");
    return *reinterpret_cast<volatile int*>(std::strtoul("64", nullptr, 10));
}
