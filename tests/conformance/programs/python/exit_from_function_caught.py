import sys


def leave():
    sys.exit(5)


try:
    leave()
except SystemExit as stop:
    print("caught", stop.code)
