#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

int main() {
    std::atomic<long> a{0};
    long b = 0;
    std::mutex m;
    std::vector<std::thread> pool;
    for (int t = 1; t <= 3; ++t)
        pool.emplace_back([&, t] {
            for (int i = 0; i < 20000; ++i) {
                a += t;
                std::lock_guard lock(m);
                b += t;
            }
        });
    for (auto& t : pool) t.join();
    std::printf("%ld %ld\n", a.load(), b);
}
