import sys

sys.stderr.write("first\n")
print("second")
sys.stderr.write("third \u00e9 \udcff\n")
print("fourth", file=sys.stderr, flush=True)
