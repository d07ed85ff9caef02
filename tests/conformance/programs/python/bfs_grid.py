from collections import deque

height, width = map(int, input().split())
grid = [input() for _ in range(height)]
seen = {(0, 0): 0}
queue = deque([(0, 0)])
while queue:
    r, c = queue.popleft()
    for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        y, x = r + dr, c + dc
        if 0 <= y < height and 0 <= x < width and grid[y][x] != "#" and (y, x) not in seen:
            seen[y, x] = seen[r, c] + 1
            queue.append((y, x))
print(seen.get((height - 1, width - 1), -1), len(seen), max(seen.values()))
