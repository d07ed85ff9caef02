import os
import sys

print(__name__, os.path.basename(__file__), __doc__, __package__, __spec__)
print(sys.modules["__main__"].__dict__ is globals(), __builtins__.__name__)
print(sorted(name for name in globals()))


def main():
    print("main runs")


if __name__ == "__main__":
    main()
