import sys
from fractions import Fraction

matrix = [[Fraction(word) for word in line.split()] for line in sys.stdin]
n, determinant = len(matrix), Fraction(1)
for i in range(n):
    pivot = next((r for r in range(i, n) if matrix[r][i]), None)
    if pivot is None:
        determinant = Fraction(0)
        break
    if pivot != i:
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        determinant = -determinant
    determinant *= matrix[i][i]
    for r in range(i + 1, n):
        factor = matrix[r][i] / matrix[i][i]
        matrix[r] = [x - factor * y for x, y in zip(matrix[r], matrix[i])]
print(determinant)
