import fcntl
import os
import sys
import time

from attack import props

kept = []
for path in (os.__file__, os.path.realpath(sys.executable or "/usr/bin/python3"), "/usr/bin/env"):
    try:
        file = open(path, "rb")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        kept.append(file)
    except OSError as error:
        print(error)
time.sleep(props.get("stay", 0))
