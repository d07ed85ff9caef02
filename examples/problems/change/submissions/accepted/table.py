n, amount = map(int, input().split())
coins = list(map(int, input().split()))
best = [0] + [None] * amount
for value in range(1, amount + 1):
    ways = [best[value - c] for c in coins if c <= value and best[value - c] is not None]
    best[value] = min(ways) + 1 if ways else None
print(-1 if best[amount] is None else best[amount])
