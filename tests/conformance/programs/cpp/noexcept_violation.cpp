#include <cstdio>

int thrown = 42;

void toss() { throw thrown; }

void promise() noexcept { toss(); }

int main() {
    std::fprintf(stderr, "calling\n");
    promise();
}
