import math
import sys

for line in sys.stdin:
    n = int(line)
    digits = str(math.factorial(n))
    print(n, len(digits), digits[:30], digits.count("7"))
