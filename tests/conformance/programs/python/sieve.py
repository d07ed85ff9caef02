import sys

limit = int(sys.stdin.readline())
sieve = bytearray([1]) * (limit + 1)
sieve[0:2] = b"\0\0"
for p in range(2, int(limit**0.5) + 1):
    if sieve[p]:
        sieve[p * p :: p] = bytes(len(range(p * p, limit + 1, p)))
primes = [i for i, flag in enumerate(sieve) if flag]
print(len(primes), primes[-1], sum(primes))
print(*primes[:20])
