import sys


class UnionFind:
    def __init__(self, size):
        self.parent = list(range(size))
        self.size = [1] * size
        self.groups = size

    def find(self, x):
        while self.parent[x] != x:
            self.parent[x] = self.parent[self.parent[x]]
            x = self.parent[x]
        return x

    def union(self, a, b):
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        self.groups -= 1
        return True


header, *lines = sys.stdin.read().splitlines()
n, _ = map(int, header.split())
edges = sorted((tuple(map(int, line.split())) for line in lines), key=lambda e: (e[2], e))
forest = UnionFind(n)
weight = sum(w for u, v, w in edges if forest.union(u, v))
print(weight, forest.groups)
