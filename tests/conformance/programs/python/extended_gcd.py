import sys


def egcd(a, b):
    if not b:
        return a, 1, 0
    g, x, y = egcd(b, a % b)
    return g, y, x - a // b * y


def crt(pairs):
    x, m = 0, 1
    for r, n in pairs:
        g, p, _ = egcd(m, n)
        if (r - x) % g:
            return None
        x += (r - x) // g * p % (n // g) * m
        m = m // g * n
        x %= m
    return x, m


for line in sys.stdin:
    values = list(map(int, line.split()))
    print(crt(zip(values[::2], values[1::2])))
