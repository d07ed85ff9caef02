from concurrent.futures import ThreadPoolExecutor, as_completed


def collatz(n):
    steps = 0
    while n != 1:
        n, steps = (n // 2 if n % 2 == 0 else 3 * n + 1), steps + 1
    return steps


with ThreadPoolExecutor(3) as pool:
    print(list(pool.map(collatz, range(1, 30))))
    futures = {pool.submit(collatz, n): n for n in (97, 871, 6171)}
    print(sorted((futures[f], f.result()) for f in as_completed(futures)))
