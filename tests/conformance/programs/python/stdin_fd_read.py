import os

chunks = []
while chunk := os.read(0, 1000):
    chunks.append(chunk)
print(sum(map(len, chunks)), max(map(len, chunks)))
