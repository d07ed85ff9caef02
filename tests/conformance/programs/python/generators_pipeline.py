from itertools import accumulate, chain, groupby, islice, product, takewhile


def naturals():
    n = 0
    while True:
        received = yield n
        n = received if received is not None else n + 1


stream = naturals()
print(list(islice(stream, 5)), stream.send(100), next(stream))
print([(k, len(list(g))) for k, g in groupby("aaabbc")], list(accumulate(range(6))))
print(list(takewhile(lambda x: x < 20, (x * x for x in naturals()))))
print(["".join(p) for p in product("ab", repeat=2)], list(chain.from_iterable([[1], [2, 3]])))
