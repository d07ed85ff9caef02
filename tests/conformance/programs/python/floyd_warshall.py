import sys

rows = [line.split() for line in sys.stdin]
n = int(rows[0][0])
INF = 10**9
d = [[0 if i == j else INF for j in range(n)] for i in range(n)]
for u, v, w in rows[1:]:
    d[int(u)][int(v)] = min(d[int(u)][int(v)], int(w))
for k in range(n):
    for i in range(n):
        for j in range(n):
            if d[i][k] + d[k][j] < d[i][j]:
                d[i][j] = d[i][k] + d[k][j]
for row in d:
    print(*("-" if x >= INF else x for x in row))
