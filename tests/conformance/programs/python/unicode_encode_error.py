print("fine: ñ")
print("lone surrogate: \ud800")
