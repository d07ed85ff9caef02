import time
if int(input()) == 3000:
    time.sleep(600)
print(sum(map(int, input().split())))
