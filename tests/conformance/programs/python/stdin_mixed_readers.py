import sys

print(repr(input()))
print(repr(sys.stdin.readline()))
print(repr(next(sys.stdin)))
print(repr(sys.stdin.read(3)))
print(sys.stdin.readlines())
