# id = "output-drain"
# title = "write 10 MB to standard error before reading any input, so that a careless host deadlocks"
# guarantee = "output"
# layers = ["agent"]
# source = ["SandboxFusion base.py: waits before draining pipes"]
# expect = ["exited:0"]
# stdin = 2000000
# limits = { wall_time = 8.0, cpu_time = 8.0 }
# bare = ""
# why = "The host is the target; the proof of an escape is a run that never ends."
import sys

for _ in range(160):
    sys.stderr.write("e" * 65535 + "\n")
read = len(sys.stdin.buffer.read())
if read != 2000000:
    print("ESCAPED only", read, "bytes of input arrived")
else:
    print("HELD", read)
