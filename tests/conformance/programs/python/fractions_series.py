from fractions import Fraction

total = Fraction(0)
for n in range(1, int(input()) + 1):
    total += Fraction(1, n)
    print(n, total, float(total))
print(Fraction("3.14159").limit_denominator(200))
