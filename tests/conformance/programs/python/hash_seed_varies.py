import random
import sys

print(len({random.random() for _ in range(5)}), sys.hash_info.width, hash(12345), hash((1, 2)) == hash((1, 2)))
