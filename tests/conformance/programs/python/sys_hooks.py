import sys


def hook(kind, value, trace):
    print(f"hook: {kind.__name__}: {value}")


sys.excepthook = hook
raise ValueError("through the hook")
