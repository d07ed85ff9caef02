# id = "disk-one-file"
# title = "write one file above the file size limit"
# guarantee = "disk"
# layers = ["rlimits", "mount-namespace"]
# source = ["limit: SIGXFSZ"]
# expect = ["file_limit"]
# limits = { file_size = 1048576, disk = 67108864 }
# bare = "user"
import signal

from attack import escaped, held, reason

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
total = 0
try:
    with open("big", "wb", buffering=0) as file:
        for _ in range(8):
            written = file.write(b"x" * (1 << 20))
            total += written
except OSError as error:
    if total <= 1 << 20:
        held("%d bytes, then %s" % (total, reason(error)))
escaped("%d bytes in one file under a limit of 1 MiB" % total)
