#include <cstdio>
#include <future>

long fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main() {
    auto a = std::async(std::launch::async, fib, 25);
    auto b = std::async(std::launch::deferred, fib, 20);
    std::promise<int> p;
    p.set_exception(std::make_exception_ptr(7));
    try {
        p.get_future().get();
    } catch (int x) {
        std::printf("caught %d\n", x);
    }
    std::printf("%ld %ld\n", a.get(), b.get());
}
