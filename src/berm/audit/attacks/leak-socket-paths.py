# id = "leak-socket-paths"
# title = "talk to a run at the same time over sockets with paths"
# guarantee = "network"
# layers = ["pivot-root", "seccomp", "landlock-fs"]
# confined = ["seccomp", "landlock-fs"]
# source = ["isolate 2.6: two concurrent runs exchange nothing"]
# neighbour = "leak-sockets.first.py"
# when = "during"
# bare = "user"
# notes = "The socket stands in every directory that the neighbour could write to."
import os
import tempfile
import socket

from attack import Tally, props

tally = Tally()
name = "berm-" + props["token"]


def listen_to(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(1)
        sock.connect(address)
        text = sock.recv(200)
        print("READ", text)


for place in dict.fromkeys((".", "/tmp", tempfile.gettempdir(), "/dev/shm", "/var/tmp", "..")):
    tally.attempt("path in " + place, listen_to, socket.AF_UNIX, os.path.join(place, name))
tally.finish()
