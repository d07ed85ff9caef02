"""Accepts every pair of primes with the right sum."""
import sys


def reject(text):
    with open(sys.argv[3] + "judgemessage.txt", "w") as message:
        message.write(text)
    sys.exit(43)


def prime(n):
    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))


wanted = int(open(sys.argv[1]).read())
words = sys.stdin.read(1000).split()
try:
    a, b = (int(word) for word in words)
except ValueError:
    reject("not two integers: %r" % words[:3])
if a + b != wanted:
    reject("%d + %d is not %d" % (a, b, wanted))
if not (prime(a) and prime(b)):
    reject("%d or %d is no prime" % (a, b))
sys.exit(42)
