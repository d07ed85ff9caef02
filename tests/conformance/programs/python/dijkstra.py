import heapq
import sys

read = iter(sys.stdin.read().split())
n, m = int(next(read)), int(next(read))
graph = [[] for _ in range(n)]
for _ in range(m):
    u, v, w = int(next(read)), int(next(read)), int(next(read))
    graph[u].append((v, w))
    graph[v].append((u, w))
distance = [float("inf")] * n
distance[0] = 0
queue = [(0, 0)]
while queue:
    d, u = heapq.heappop(queue)
    if d > distance[u]:
        continue
    for v, w in graph[u]:
        if d + w < distance[v]:
            distance[v] = d + w
            heapq.heappush(queue, (d + w, v))
print(" ".join(map(str, distance)))
