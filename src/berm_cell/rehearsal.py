"""A run that stands for all: what is known of it beforehand is known of most.

Before there is a program, a parked cell goes through it, to have the pages that programs write to; or
one cell does, for all others, and is looked at (:mod:`berm_cell.hot`).
"""

TYPICAL = b"""
import sys
from collections import deque
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
def solve(n, *, wide=True):
    found = {i: str(i) for i in range(n)}
    return sorted((v for k, v in found.items() if k % 2), key=lambda s: (len(s), s))
rows = [Point(i, float(i)) for i in range(8)]
text = " ".join(solve(16)) + f"{rows[0].x:>4} {rows[1].y:.2f}" + "%d" % 3
try:
    numbers = list(map(int, text.split())) + [int("x")]
except ValueError as error:
    deque([error]).clear()
try:
    print(end="")
    input()
except EOFError:
    pass
"""
"""A program that does what most do."""

SAID = b"done\n"
"""What the program says before it ends, and then waits."""

WHOLE = (
    TYPICAL
    + b"""
class Last:
    def __del__(self, os=__import__("os")):
        os.write(1, b"done\\n")
        os.read(0, 1)
last = Last()
"""
)
"""A program that does what most do, to be looked at in the moment before it is no more."""

INPUT = b"41\n"

RLIMITS = {"core": 0}

REQUEST = {"op": "run", "entry": "main.py", "args": [], "names": ["main.py"], "env": None}
"""What its interpreter is told."""
