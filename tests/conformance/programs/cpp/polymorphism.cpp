#include <cstdio>
#include <memory>
#include <vector>

struct Shape {
    virtual ~Shape() { std::puts("~Shape"); }
    virtual double area() const = 0;
    virtual const char* name() const { return "shape"; }
};

struct Circle final : Shape {
    double r;
    explicit Circle(double r) : r(r) {}
    ~Circle() override { std::puts("~Circle"); }
    double area() const override { return 3.141592653589793 * r * r; }
    const char* name() const override { return "circle"; }
};

struct Box : Shape {
    double w, h;
    Box(double w, double h) : w(w), h(h) {}
    double area() const override { return w * h; }
};

int main() {
    std::vector<std::unique_ptr<Shape>> shapes;
    double a, b;
    for (char kind; std::scanf(" %c %lf", &kind, &a) == 2;) {
        if (kind == 'c')
            shapes.push_back(std::make_unique<Circle>(a));
        else if (std::scanf("%lf", &b) == 1)
            shapes.push_back(std::make_unique<Box>(a, b));
    }
    for (auto& s : shapes) std::printf("%s %.3f %d\n", s->name(), s->area(), dynamic_cast<Circle*>(s.get()) != nullptr);
}
