import bisect

input()
seen, count = [], 0
for x in map(int, input().split()):
    count += len(seen) - bisect.bisect_right(seen, x)
    bisect.insort(seen, x)
print(count)
