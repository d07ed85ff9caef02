import heapq
import random

random.seed(int(input()))
clock, free, waits = 0.0, [0.0] * 3, []
for customer in range(500):
    clock += random.expovariate(1.0)
    start = max(clock, heapq.heappop(free))
    waits.append(start - clock)
    heapq.heappush(free, start + random.gauss(2.5, 0.5))
print(f"{sum(waits) / len(waits):.9f} {max(waits):.9f}")
print(random.sample(range(100), 8), random.choice("abc"), random.getrandbits(70))
