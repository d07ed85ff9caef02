import sys
from collections import defaultdict

edges = defaultdict(list)
degree = {}
for line in sys.stdin:
    before, _, after = line.strip().partition(" < ")
    edges[before].append(after)
    degree.setdefault(before, 0)
    degree[after] = degree.get(after, 0) + 1
ready = sorted(name for name, count in degree.items() if not count)
order = []
while ready:
    name = ready.pop(0)
    order.append(name)
    for after in sorted(edges[name]):
        degree[after] -= 1
        if not degree[after]:
            ready.append(after)
    ready.sort()
print(" ".join(order) if len(order) == len(degree) else "cycle")
