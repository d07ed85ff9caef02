# id = "secret-memory"
# title = "search the interpreter's whole memory for the service's secrets"
# guarantee = "secrets"
# layers = ["agent"]
# source = ["SandboxFusion base.py", "design: a warm interpreter shares its memory with the program"]
# needs = ["service"]
# limits = { cpu_time = 10.0, wall_time = 20.0 }
# bare = "user"
from attack import CANARY, escaped, held, reason

found = set()
scanned = 0
try:
    with open("/proc/self/maps") as file:
        regions = [line.split() for line in file]
except OSError as error:
    held("no map of the memory: " + reason(error))
with open("/proc/self/mem", "rb", buffering=0) as memory:
    for parts in regions:
        if "r" not in parts[1] or parts[-1] in ("[vvar]", "[vsyscall]", "[vvar_vclock]") or (len(parts) > 5 and parts[5].startswith("/usr")):
            continue
        low, high = (int(end, 16) for end in parts[0].split("-"))
        for start in range(low, min(high, low + (256 << 20)), 1 << 20):
            try:
                memory.seek(start)
                text = memory.read(min(1 << 20, high - start))
            except (OSError, OverflowError, ValueError):
                continue
            scanned += len(text)
            found.update(match.decode() for match in CANARY.findall(text))
if found:
    escaped("in memory: " + ", ".join(sorted(found)))
held("%d KiB searched" % (scanned // 1024))
