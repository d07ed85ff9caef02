#include "shape.hpp"
#include <string>
long long Shape::area() const { return a * b; }
std::istream &operator>>(std::istream &in, Shape &shape) {
    std::string kind;
    if (in >> kind >> shape.a) {
        shape.b = shape.a;
        if (kind == "rectangle") in >> shape.b;
    }
    return in;
}
