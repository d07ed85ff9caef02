name = input("name? ")
age = int(input("age? "))
print(f"\n{name} is {age}")
