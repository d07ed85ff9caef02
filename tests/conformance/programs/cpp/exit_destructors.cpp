#include <cstdio>
#include <cstdlib>

struct Static {
    const char* name;
    ~Static() { std::printf("~%s\n", name); }
} global{"global"};

int main() {
    static Static local{"static local"};
    Static automatic{"automatic"};
    std::atexit([] { std::puts("atexit"); });
    std::exit(9);
}
