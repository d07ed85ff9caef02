import cmath

a, b, c = map(float, input().split())
d = cmath.sqrt(b * b - 4 * a * c)
for root in ((-b + d) / (2 * a), (-b - d) / (2 * a)):
    print(f"{root.real:.6f} {root.imag:+.6f}j", abs(a * root * root + b * root + c) < 1e-9)
