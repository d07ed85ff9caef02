a, b = input().split(), input().split()
table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
for i, x in enumerate(a):
    for j, y in enumerate(b):
        table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
i, j, common = len(a), len(b), []
while i and j:
    if a[i - 1] == b[j - 1]:
        common.append(a[i - 1])
        i, j = i - 1, j - 1
    elif table[i - 1][j] >= table[i][j - 1]:
        i -= 1
    else:
        j -= 1
print(" ".join(reversed(common)))
