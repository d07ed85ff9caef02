import os
import tempfile
import time

from attack import props

for place in (".", "..", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock", tempfile.gettempdir(), os.path.expanduser("~"), os.path.dirname(os.getcwd())):
    for name in ("berm-left-" + props["token"], "." + props["canary"] + "-" + props["token"]):
        try:
            with open(os.path.join(place, name), "w") as file:
                file.write(props["canary"])
            os.chmod(os.path.join(place, name), 0o666)
        except OSError:
            pass
try:
    os.chmod(".", 0o777)
except OSError:
    pass
time.sleep(props.get("stay", 0))
