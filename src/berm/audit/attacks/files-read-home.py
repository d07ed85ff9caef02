# id = "files-read-home"
# title = "read a file in the home directory of the service's user"
# guarantee = "filesystem"
# layers = ["pivot-root", "landlock-fs"]
# source = ["CVE-2024-28185"]
# needs = ["home-file"]
# bare = "user"
import os

from attack import Tally, props

tally = Tally()
tally.attempt("open", lambda: print("READ", open(props["home_path"]).read()))
tally.attempt("listdir", lambda: os.listdir(props["home_dir"]))
tally.finish()
