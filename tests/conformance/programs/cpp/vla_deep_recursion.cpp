#include <cstdio>

long walk(long n, const volatile char* above) {
    volatile char here[64];
    here[0] = above ? above[0] : 1;
    return n == 0 ? here[0] : walk(n - 1, here) + here[0];
}

int main() {
    long n;
    std::scanf("%ld", &n);
    std::printf("%ld\n", walk(n, nullptr));
}
