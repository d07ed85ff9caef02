def area(kind, a, b=None):
    return int(a) * int(a if kind == 'square' else b)
