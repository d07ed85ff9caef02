def multiply(a, b, m):
    return [[sum(x * y for x, y in zip(row, col)) % m for col in zip(*b)] for row in a]


def power(matrix, exponent, m):
    result = [[int(i == j) for j in range(len(matrix))] for i in range(len(matrix))]
    while exponent:
        if exponent & 1:
            result = multiply(result, matrix, m)
        matrix = multiply(matrix, matrix, m)
        exponent >>= 1
    return result


for _ in range(int(input())):
    n, m = map(int, input().split())
    print(power([[1, 1], [1, 0]], n, m)[0][1])
