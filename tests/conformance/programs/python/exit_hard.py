import os
import sys

print("buffered text is lost", end="")
sys.stderr.write("unbuffered is not\n")
os._exit(9)
