import sys

line = "0123456789" * 8
for i in range(8000):
    sys.stdout.write(f"{i} {line}\n")
