total = 0
while True:
    try:
        line = input()
    except EOFError:
        break
    total += len(line)
print(total)
