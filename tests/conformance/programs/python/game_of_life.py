import sys

alive = {(r, c) for r, line in enumerate(sys.stdin) for c, char in enumerate(line) if char == "*"}
for generation in range(12):
    counts = {}
    for r, c in alive:
        for y in (r - 1, r, r + 1):
            for x in (c - 1, c, c + 1):
                if (y, x) != (r, c):
                    counts[y, x] = counts.get((y, x), 0) + 1
    alive = {cell for cell, n in counts.items() if n == 3 or (n == 2 and cell in alive)}
    print(generation, len(alive), min(alive), max(alive))
