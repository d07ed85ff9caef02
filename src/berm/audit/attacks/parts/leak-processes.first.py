import os
import signal
import time

from attack import props

hurt = []
signal.signal(signal.SIGURG, lambda number, frame: hurt.append("a signal"))
nice = os.getpriority(os.PRIO_PROCESS, 0)
end = time.monotonic() + props.get("stay", 0)
while time.monotonic() < end:
    time.sleep(0.05)
    if os.getpriority(os.PRIO_PROCESS, 0) != nice:
        hurt.append("a new priority")
        nice = os.getpriority(os.PRIO_PROCESS, 0)
if hurt:
    print("ESCAPED the neighbour got", ", ".join(sorted(set(hurt))))
