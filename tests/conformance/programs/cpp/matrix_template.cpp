#include <array>
#include <cstdio>

template <int N, class T = long>
struct Matrix {
    std::array<std::array<T, N>, N> m{};
    static constexpr Matrix one() {
        Matrix r;
        for (int i = 0; i < N; ++i) r.m[i][i] = 1;
        return r;
    }
    constexpr Matrix operator*(const Matrix& o) const {
        Matrix r;
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < N; ++j)
                for (int k = 0; k < N; ++k) r.m[i][j] = (r.m[i][j] + m[i][k] * o.m[k][j]) % 1000000007;
        return r;
    }
    constexpr Matrix pow(unsigned long e) const {
        Matrix r = one(), b = *this;
        for (; e; e >>= 1, b = b * b)
            if (e & 1) r = r * b;
        return r;
    }
};

constexpr Matrix<2> fib{{{{1, 1}, {1, 0}}}};
static_assert(fib.pow(10).m[0][1] == 55);

int main() {
    for (unsigned long n; std::scanf("%lu", &n) == 1;) std::printf("%ld\n", fib.pow(n).m[0][1]);
}
