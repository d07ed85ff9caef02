if True:
	if 1 + \
		1 == 2:
		print("tabs"); print("and semicolons")
value = ("implicit"
         " concatenation")
print(value)
raise Exception(
    "spread",
    "out",
)
