import gc
import sys

print([name for name in sys.modules if name.startswith("berm")], "__main__" in sys.modules)
print(gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.callbacks)
import json

print(json.dumps({"a": 1}), "json" in sys.modules, sys.meta_path[-1].__name__, len(sys.path_hooks))
print(sys.gettrace(), sys.getprofile(), sys.displayhook is sys.__displayhook__, sys.excepthook is sys.__excepthook__)
print(sys.stdout is sys.__stdout__, sys.getswitchinterval(), hasattr(sys, "last_value"), hasattr(sys, "ps1"))
