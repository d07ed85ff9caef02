import sys


def select(items, k):
    pivot = items[len(items) // 2]
    low = [x for x in items if x < pivot]
    equal = [x for x in items if x == pivot]
    if k < len(low):
        return select(low, k)
    if k < len(low) + len(equal):
        return pivot
    return select([x for x in items if x > pivot], k - len(low) - len(equal))


data = list(map(int, sys.stdin.buffer.read().split()))
for percent in (0, 25, 50, 75, 99):
    print(percent, select(data, len(data) * percent // 100))
