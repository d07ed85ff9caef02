def failure(pattern):
    table, k = [0], 0
    for i in range(1, len(pattern)):
        while k and pattern[k] != pattern[i]:
            k = table[k - 1]
        k += pattern[k] == pattern[i]
        table.append(k)
    return table


text, pattern = input(), input()
table, k, hits = failure(pattern), 0, []
for i, char in enumerate(text):
    while k and pattern[k] != char:
        k = table[k - 1]
    k += pattern[k] == char
    if k == len(pattern):
        hits.append(i - k + 1)
        k = table[k - 1]
print(len(hits), hits, table)
