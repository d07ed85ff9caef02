import sys


class SegmentTree:
    def __init__(self, values):
        self.n = len(values)
        self.tree = [0] * self.n + values
        for i in range(self.n - 1, 0, -1):
            self.tree[i] = max(self.tree[2 * i], self.tree[2 * i + 1])

    def set(self, i, value):
        i += self.n
        self.tree[i] = value
        while i > 1:
            i //= 2
            self.tree[i] = max(self.tree[2 * i], self.tree[2 * i + 1])

    def max(self, low, high):
        best, low, high = -1, low + self.n, high + self.n
        while low < high:
            if low & 1:
                best, low = max(best, self.tree[low]), low + 1
            if high & 1:
                high -= 1
                best = max(best, self.tree[high])
            low, high = low // 2, high // 2
        return best


values = list(map(int, sys.stdin.read().split()))
tree = SegmentTree(values)
for step in range(1000):
    a, b = sorted((step * 7919 % len(values), step * 104729 % len(values)))
    if step % 3 == 0:
        tree.set(a, step)
    elif step % 50 == 1:
        print(a, b, tree.max(a, b + 1))
