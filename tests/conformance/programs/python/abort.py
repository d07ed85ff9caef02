import os
import sys

sys.stderr.write("aborting\n")
os.abort()
