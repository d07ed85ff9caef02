import sys

board = [[int(c) for c in line.strip().replace(".", "0")] for line in sys.stdin]


def options(r, c):
    box = [board[y][x] for y in range(r // 3 * 3, r // 3 * 3 + 3) for x in range(c // 3 * 3, c // 3 * 3 + 3)]
    return set(range(1, 10)) - set(board[r]) - {row[c] for row in board} - set(box)


def solve():
    empty = [(len(options(r, c)), r, c) for r in range(9) for c in range(9) if not board[r][c]]
    if not empty:
        return True
    _, r, c = min(empty)
    for digit in sorted(options(r, c)):
        board[r][c] = digit
        if solve():
            return True
    board[r][c] = 0
    return False


print(solve())
for row in board:
    print(*row, sep="")
