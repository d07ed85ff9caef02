# id = "priv-file-capabilities"
# title = "give a file of one's own the set-uid bit, capabilities or another owner"
# guarantee = "privileges"
# layers = ["capabilities", "seccomp"]
# source = ["isolate 2.5"]
# bare = "root"
import os

from attack import Tally

tally = Tally()
open("mine", "w").close()
tally.attempt("file capability", os.setxattr, "mine", "security.capability", bytes.fromhex("0000000201000000000000000000000000000000"))
tally.attempt("owner", os.chown, "mine", 0, 0)
tally.attempt("trusted attribute", os.setxattr, "mine", "trusted.berm", b"x")
if os.path.exists("mine") and os.stat("mine").st_uid == 0 and os.getuid() != 0:
    tally.through.append("owned by root")
tally.finish()
