# berm: args ["--count", "x"]
import argparse

parser = argparse.ArgumentParser(description="repeat")
parser.add_argument("--count", type=int, default=1)
parser.add_argument("word", nargs="?", default="hi")
options = parser.parse_args()
print(options)
