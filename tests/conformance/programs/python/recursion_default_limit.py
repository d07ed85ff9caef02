import sys

print(sys.getrecursionlimit())
reached = 0


def down():
    global reached
    reached += 1
    down()


try:
    down()
except RecursionError:
    print(reached)
