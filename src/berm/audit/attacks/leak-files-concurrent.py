# id = "leak-files-concurrent"
# title = "find what a run at the same time keeps in any writable directory"
# guarantee = "filesystem"
# layers = ["mount-namespace", "pivot-root", "landlock-fs"]
# confined = ["landlock-fs"]
# source = ["isolate 2.6: two concurrent runs exchange nothing"]
# neighbour = "leak-files.first.py"
# when = "during"
# bare = "user"
import os
import tempfile

from attack import CANARY, escaped, held

found = set()
looked = 0
for place in {".", "..", "/tmp", "/var/tmp", "/dev/shm", tempfile.gettempdir(), os.path.dirname(os.getcwd()), os.path.dirname(os.path.dirname(os.getcwd()))}:
    for folder, folders, files in os.walk(os.path.realpath(place)):
        if folder.startswith(("/proc", "/sys", "/usr", "/lib", "/etc", "/opt")) or folder.count("/") > 6:
            folders[:] = []
            continue
        for name in files[:300]:
            looked += 1
            path = os.path.join(folder, name)
            try:
                if not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    for match in CANARY.findall(name.encode() + file.read(4096)):
                        found.add(match.decode())
            except (OSError, ValueError):
                pass
        if looked > 20000:
            break
if found:
    escaped("kept by the other run: " + ", ".join(found))
held("%d names looked at" % looked)
