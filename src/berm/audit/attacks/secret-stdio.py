# id = "secret-stdio"
# title = "get more out of the standard streams than they are for: seek, reopen, receive, peer names"
# guarantee = "secrets"
# layers = ["agent"]
# source = ["isolate 2.5 (meta file)", "judge0 PR#550"]
# needs = ["host-file"]
# bare = ""
# why = "What would get through depends on how a service passes its streams; bare they are the proof's own."
import os
import socket

from attack import Tally

tally = Tally()
for fd in (0, 1, 2):
    target = ""
    try:
        target = os.readlink("/proc/self/fd/%d" % fd)
    except OSError:
        pass
    if target.startswith("/") and not target.startswith("/dev/null"):
        tally.through.append("stream %d is the host's file %s" % (fd, target))
    try:
        sock = socket.socket(fileno=os.dup(fd))
    except OSError:
        continue
    sock.setblocking(False)
    try:
        if fd != 0 and sock.recv(100):
            tally.through.append("something could be received on %d" % fd)
    except OSError:
        pass
    try:
        # A socket as a standard stream could carry descriptors to the host.
        socket.send_fds(sock, [b"x"], [0]) if fd else None
        tally.through.append("descriptors could be sent on %d" % fd) if fd else None
    except (OSError, AttributeError):
        pass
    sock.close()
for fd in (1, 2):
    tally.attempt("seek %d" % fd, os.lseek, fd, 0, 0)
tally.finish()
