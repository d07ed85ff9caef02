n = int(input())
cells = bytearray(n << 20)
print(len(cells) >> 20)
