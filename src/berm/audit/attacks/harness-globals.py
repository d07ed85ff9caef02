# id = "harness-globals"
# title = "break the launcher under the program: replace builtins, hooks, os functions, trace functions"
# guarantee = "secrets"
# layers = ["agent"]
# source = ["CVE-2025-3466", "forms-backend PR#145"]
# expect = ["exited:5"]
# bare = ""
# why = "What counts is that the end is told as what it was, whatever the program does to the interpreter."
import builtins
import gc
import os
import signal
import sys
import threading

def rude(*args, **kwargs):
    return 0

real_exit = os._exit
for name in ("exec", "eval", "open", "compile", "exit", "quit", "SystemExit"):
    setattr(builtins, name, rude)
for name in ("_exit", "write", "read", "close", "kill", "fork", "wait4", "waitpid", "getpid"):
    setattr(os, name, rude)
signal.signal = rude
threading.Thread.start = rude
gc.disable()
sys.setrecursionlimit(100)
sys.settrace(rude)
sys.setprofile(rude)
sys.settrace(None)
sys.setprofile(None)
frame = sys._getframe()
while frame is not None:
    for name in list(frame.f_globals):
        if frame.f_globals is not globals() and not name.startswith("__"):
            try:
                frame.f_globals[name] = rude
            except Exception:
                pass
    frame = frame.f_back
real_exit(5)
