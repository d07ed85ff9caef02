import sys

grid = [[r * c for c in range(1000)] for r in range(1000)]
print(sum(map(sum, grid)), len(grid), sys.getsizeof([]) > 0)
del grid
print(len(bytearray(30_000_000)))
