for _ in range(int(input())):
    print(3.1415926 * float(input()) ** 2)
