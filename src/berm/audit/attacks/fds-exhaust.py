# id = "fds-exhaust"
# title = "open files until nobody on the machine can open one"
# guarantee = "memory"
# layers = ["rlimits"]
# source = ["limit: fd exhaustion"]
# limits = { open_files = 64 }
# bare = "user"
import os
import resource

from attack import Tally, held, reason

tally = Tally()
count = 0
try:
    for count in range(200):
        os.open("/dev/null", os.O_RDONLY)
    tally.through.append("200 files under a limit of 64")
except OSError as error:
    tally.refused.append("%d files, then %s" % (count, reason(error)))
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
tally.attempt("descriptor 5000", os.dup2, 0, 5000)
try:
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1000, hard + 1000))
    tally.through.append("limit raised")
except (OSError, ValueError) as error:
    tally.refused.append("raise: %s" % error)
tally.finish()
