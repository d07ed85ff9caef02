#include <coroutine>
#include <cstdio>
#include <exception>

struct Generator {
    struct promise_type {
        long value;
        Generator get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(long v) {
            value = v;
            return {};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
    ~Generator() { handle.destroy(); }
    bool next() { return handle.resume(), !handle.done(); }
    long value() const { return handle.promise().value; }
};

Generator fibonacci(int n) {
    for (long a = 0, b = 1; n-- > 0; b += a, a = b - a) co_yield a;
}

int main() {
    int n;
    std::scanf("%d", &n);
    auto g = fibonacci(n);
    while (g.next()) std::printf("%ld\n", g.value());
}
