# id = "priv-ids"
# title = "become another user or group"
# guarantee = "privileges"
# layers = ["capabilities"]
# source = ["isolate 2.5", "dify#23106"]
# bare = "root"
import os

from attack import Tally

tally = Tally()
for name, args in (
    ("setgroups", ([0],)), ("setegid", (0,)), ("setgid", (0,)), ("setregid", (0, 0)), ("setresgid", (0, 0, 0)),
    ("seteuid", (0,)), ("setuid", (0,)), ("setreuid", (0, 0)), ("setresuid", (0, 0, 0)),
):
    tally.attempt(name, getattr(os, name), *args)
ids = (os.getuid(), os.geteuid(), os.getgid(), os.getegid())
if 0 in ids:
    tally.through.append("runs with id 0: %r" % (ids,))
try:
    if 0 in os.getgroups():
        tally.through.append("still in group 0")
except OSError:
    pass
tally.finish()
