# id = "leak-sockets"
# title = "talk to a run at the same time over abstract and path sockets, loopback and vsock"
# guarantee = "network"
# layers = ["network-namespace", "seccomp"]
# source = ["isolate 2.6: two concurrent runs exchange nothing"]
# neighbour = "leak-sockets.first.py"
# when = "during"
# bare = "user"
# notes = "The path socket stands in every directory that the neighbour could write to. The network namespace does not stop path sockets: where both runs had one directory, only the filter would."
import os
import socket
import tempfile

from attack import CANARY, Tally, props

tally = Tally()
name = "berm-" + props["token"]


def listen_to(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(1)
        sock.connect(address)
        text = sock.recv(200)
        print("READ", text)


tally.attempt("abstract", listen_to, socket.AF_UNIX, "\0" + name)
for place in dict.fromkeys((".", "/tmp", tempfile.gettempdir(), "/dev/shm", "/var/tmp", "..")):
    tally.attempt("path in " + place, listen_to, socket.AF_UNIX, os.path.join(place, name))
port = 20000 + int(props["token"][:4], 16) % 20000
tally.attempt("loopback", listen_to, socket.AF_INET, ("127.0.0.1", port))
if hasattr(socket, "AF_VSOCK"):
    tally.attempt("vsock", listen_to, socket.AF_VSOCK, (1, port))
tally.finish()
