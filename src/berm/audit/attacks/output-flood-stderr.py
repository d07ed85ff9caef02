# id = "output-flood-stderr"
# title = "write to standard error without end"
# guarantee = "output"
# layers = ["agent"]
# source = ["snekbox PR#81"]
# needs = ["rss"]
# expect = ["output_limit"]
# limits = { wall_time = 8.0, cpu_time = 8.0 }
# bare = ""
# why = "A flood is never run bare. It has a fuse of 256 MiB."
import sys

line = "x" * 65535 + "\n"
for _ in range(4096):
    sys.stderr.write(line)
print("ESCAPED 256 MiB were taken")
