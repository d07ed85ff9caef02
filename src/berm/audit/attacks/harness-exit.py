# id = "harness-exit"
# title = "end the interpreter early in every way and leave no trace of failure"
# guarantee = "secrets"
# layers = ["agent"]
# source = ["jobe#2: early exit(0) and forged markers"]
# expect = ["exited:3"]
# bare = ""
# why = "What counts is that the end is told as what it was, whatever the program does to the interpreter."
import atexit
import builtins
import os
import sys

atexit.register(lambda: os._exit(3))
sys.excepthook = None
builtins.print = None
sys.stdout = None
for name in list(sys.modules):
    if name not in ("os", "sys", "builtins", "atexit"):
        sys.modules[name] = None
sys.exit(0)
