import sys

for line in sys.stdin:
    x = float(line)
    print(repr(x), f"{x:.3f}", f"{x:e}", f"{x:g}", f"{x:>12.1f}|", "%08.2f" % x, x.hex(), round(x, 2))
