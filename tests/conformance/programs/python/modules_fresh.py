import gc
import sys

print([name for name in ("json", "random", "asyncio", "ctypes", "berm_cell") if name in sys.modules])
print(gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())
import json

print(json.dumps({"a": 1}), "json" in sys.modules)
