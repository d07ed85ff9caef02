import sys
from collections import deque

k, *values = map(int, sys.stdin.read().split())
window, answer = deque(), []
for i, value in enumerate(values):
    while window and values[window[-1]] <= value:
        window.pop()
    window.append(i)
    if window[0] == i - k:
        window.popleft()
    if i >= k - 1:
        answer.append(values[window[0]])
print(*answer)
