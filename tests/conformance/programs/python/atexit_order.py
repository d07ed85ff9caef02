import atexit
import sys

atexit.register(print, "registered first, runs last")
atexit.register(lambda: sys.stdout.write("runs first\n"))


@atexit.register
def fails():
    raise ValueError("in atexit")


print("main done")
raise KeyError("uncaught")
