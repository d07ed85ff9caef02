def area(kind, a, b=0):
    return int(a) * int(b)
