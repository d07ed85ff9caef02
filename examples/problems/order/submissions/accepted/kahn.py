import heapq
import sys

words = list(map(int, sys.stdin.read().split()))
n, m = words[:2]
after = [[] for _ in range(n + 1)]
before = [0] * (n + 1)
for a, b in zip(words[2::2], words[3::2]):
    after[a].append(b)
    before[b] += 1
ready = [task for task in range(1, n + 1) if not before[task]]
order = []
while ready:
    task = heapq.heappop(ready)
    order.append(task)
    for other in after[task]:
        before[other] -= 1
        if not before[other]:
            heapq.heappush(ready, other)
print(*order if len(order) == n else ["IMPOSSIBLE"])
