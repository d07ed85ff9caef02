def inner(values):
    return values[10]


def outer():
    return inner([1, 2, 3])


print("before")
outer()
