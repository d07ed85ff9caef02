#pragma once
#include <istream>
struct Shape {
    long long a = 0, b = 0;
    long long area() const;
};
std::istream &operator>>(std::istream &in, Shape &shape);
