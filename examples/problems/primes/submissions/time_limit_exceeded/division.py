n = int(input())
print(sum(all(m % d for d in range(2, m)) for m in range(2, n + 1)))
