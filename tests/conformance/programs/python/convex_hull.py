import sys

points = sorted({tuple(map(int, line.split())) for line in sys.stdin})


def cross(o, a, b):
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def half(items):
    hull = []
    for p in items:
        while len(hull) > 1 and cross(hull[-2], hull[-1], p) <= 0:
            hull.pop()
        hull.append(p)
    return hull[:-1]


hull = half(points) + half(reversed(points))
area = sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(hull, hull[1:] + hull[:1])) / 2
perimeter = sum(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 for a, b in zip(hull, hull[1:] + hull[:1]))
print(hull, area, f"{perimeter:.6f}")
