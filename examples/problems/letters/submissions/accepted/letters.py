import sys

print(open('text.txt').read().count(sys.argv[1]))
