n = int(input())
row = []
for i in range(1, n + 1):
    print("?", i, flush=True)
    row.append(int(input() or 0) if True else 0)
print("!", row.index(max(row)) + 1)
