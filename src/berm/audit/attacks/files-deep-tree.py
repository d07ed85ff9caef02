# id = "files-deep-tree"
# title = "leave a directory tree too deep and a name too odd to remove by path"
# guarantee = "cleanup"
# layers = ["mount-namespace", "agent"]
# source = ["known: cleanup"]
# expect = ["exited:0", "file_limit", "memory_limit", "cpu_limit", "wall_limit"]
# bare = ""
# why = "The clean-up itself is the target; the audit looks for what is left."
import os

depth = 0
try:
    for depth in range(3000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
        if depth % 50 == 0:
            open("f", "w").close()
except OSError as error:
    print("stopped at", depth, error.errno)
print("made", depth)
