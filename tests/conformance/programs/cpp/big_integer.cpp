#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

class Big {
    std::vector<unsigned> d;
    static constexpr unsigned base = 1000000000;

public:
    Big(unsigned x = 0) { if (x) d.push_back(x); }
    friend Big operator+(const Big& a, const Big& b) {
        Big r;
        unsigned carry = 0;
        for (size_t i = 0; i < std::max(a.d.size(), b.d.size()) || carry; ++i) {
            carry += (i < a.d.size() ? a.d[i] : 0) + (i < b.d.size() ? b.d[i] : 0);
            r.d.push_back(carry % base);
            carry /= base;
        }
        return r;
    }
    friend Big operator*(const Big& a, const Big& b) {
        Big r;
        r.d.assign(a.d.size() + b.d.size(), 0);
        for (size_t i = 0; i < a.d.size(); ++i) {
            unsigned long long carry = 0;
            for (size_t j = 0; j < b.d.size() || carry; ++j) {
                carry += r.d[i + j] + 1ull * a.d[i] * (j < b.d.size() ? b.d[j] : 0);
                r.d[i + j] = carry % base;
                carry /= base;
            }
        }
        while (!r.d.empty() && !r.d.back()) r.d.pop_back();
        return r;
    }
    friend std::ostream& operator<<(std::ostream& out, const Big& x) {
        if (x.d.empty()) return out << 0;
        out << x.d.back();
        for (size_t i = x.d.size() - 1; i-- > 0;) {
            auto s = std::to_string(x.d[i]);
            out << std::string(9 - s.size(), '0') << s;
        }
        return out;
    }
};

int main() {
    int n;
    std::cin >> n;
    Big a = 0, b = 1, f = 1;
    for (int i = 1; i <= n; ++i) {
        Big c = a + b;
        a = b;
        b = c;
        f = f * Big(i);
    }
    std::cout << a << '\n' << f << '\n' << a * f * Big(0) << '\n';
}
