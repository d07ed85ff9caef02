import sys
from decimal import ROUND_HALF_EVEN, Decimal, getcontext

getcontext().prec = 30
balance = Decimal("0")
for line in sys.stdin:
    kind, amount = line.split()
    amount = Decimal(amount)
    if kind == "interest":
        balance = (balance * (1 + amount / 100)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    else:
        balance += amount if kind == "in" else -amount
    print(f"{kind:>9} {amount:>10} {balance:>12}")
print(Decimal(2).sqrt())
