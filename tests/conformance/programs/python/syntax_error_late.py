print("never printed: the whole file is compiled first")
x = (1, 2
y = 3
