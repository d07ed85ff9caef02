#include <iomanip>
#include <iostream>
#include <sstream>

int main() {
    double x;
    while (std::cin >> x) {
        std::cout << x << '|' << std::fixed << std::setprecision(3) << x << '|' << std::scientific << x << '|'
                  << std::defaultfloat << std::setprecision(12) << std::setw(16) << std::setfill('*') << x << '|'
                  << std::left << std::setw(10) << 42 << std::right << std::showpos << 7 << std::noshowpos << std::setprecision(6) << '\n';
    }
    std::cout << std::hex << std::showbase << 255 << ' ' << std::oct << 8 << std::dec << ' ' << std::boolalpha << true << ' ' << std::cin.eof() << '\n';
    std::istringstream in("12 abc 3.5");
    int n;
    std::string s;
    in >> n >> s >> x;
    std::ostringstream out;
    out << std::quoted(s + "\"q") << n + x;
    std::cout << out.str() << std::endl;
}
