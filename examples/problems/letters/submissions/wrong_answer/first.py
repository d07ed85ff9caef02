import sys

print(open('text.txt').readline().count(sys.argv[1]))
