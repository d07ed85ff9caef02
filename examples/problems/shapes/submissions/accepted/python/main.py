from shapes import area
import sys

print(sum(area(*line.split()) for line in sys.stdin))
