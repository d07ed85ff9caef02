def check(x):
    assert x > 0, f"need a positive number, got {x}"
    return x**0.5


print(check(4))
check(-1)
