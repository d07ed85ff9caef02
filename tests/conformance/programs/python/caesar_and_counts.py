import string
import sys

shift = int(sys.stdin.readline())
lower, upper = string.ascii_lowercase, string.ascii_uppercase
table = str.maketrans(lower + upper, lower[shift:] + lower[:shift] + upper[shift:] + upper[:shift])
for line in sys.stdin:
    sys.stdout.write(line.translate(table))
