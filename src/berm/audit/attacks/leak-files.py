# id = "leak-files"
# title = "find what the run before left in any writable directory"
# guarantee = "filesystem"
# layers = ["mount-namespace", "pivot-root", "landlock-fs"]
# confined = ["landlock-fs"]
# source = ["QingdaoU/OnlineJudge#165", "isolate 2.6 (/dev/shm)"]
# neighbour = "leak-files.first.py"
# bare = "user"
import os
import tempfile

from attack import CANARY, escaped, held

found = set()
looked = 0
places = {".", "..", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock", "/run/user/%d" % os.getuid(), tempfile.gettempdir(), os.path.expanduser("~"), os.path.dirname(os.getcwd()), "/"}
for place in places:
    for folder, folders, files in os.walk(os.path.realpath(place)):
        if folder.startswith(("/proc", "/sys", "/usr", "/lib", "/etc", "/opt")) or folder.count("/") > 6:
            folders[:] = []
            continue
        for name in files[:300] + folders[:300]:
            looked += 1
            for match in CANARY.findall(os.fsencode(name)):
                found.add(match.decode())
            path = os.path.join(folder, name)
            try:
                if not os.path.isfile(path) or os.path.getsize(path) > 4096:
                    continue
                with open(path, "rb") as file:
                    for match in CANARY.findall(file.read(4096)):
                        found.add(match.decode())
            except OSError:
                pass
        if looked > 20000:
            break
if found:
    escaped("left by the other run: " + ", ".join(found))
held("%d names looked at" % looked)
