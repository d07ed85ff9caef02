name = input()
print("hello", name)
print(input())
