import sys

capacity, *rest = map(int, sys.stdin.read().split())
items = list(zip(rest[::2], rest[1::2]))
best = [0] * (capacity + 1)
for weight, value in items:
    for c in range(capacity, weight - 1, -1):
        best[c] = max(best[c], best[c - weight] + value)
print(best[capacity])
print(best[:: max(1, capacity // 10)])
