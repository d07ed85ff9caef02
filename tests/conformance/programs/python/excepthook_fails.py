import sys


def hook(kind, value, trace):
    raise RuntimeError("hook broke")


sys.excepthook = hook
1 / 0
