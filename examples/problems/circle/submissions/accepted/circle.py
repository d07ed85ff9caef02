import math

for _ in range(int(input())):
    print(math.pi * float(input()) ** 2)
