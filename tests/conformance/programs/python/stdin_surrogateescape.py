import sys

text = sys.stdin.read()
print(ascii(text))
sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
