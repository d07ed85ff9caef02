# id = "leak-sockets"
# title = "talk to a run at the same time over abstract sockets and loopback"
# guarantee = "network"
# layers = ["seccomp"]
# source = ["isolate 2.6: two concurrent runs exchange nothing"]
# neighbour = "leak-sockets.first.py"
# when = "during"
# bare = "user"
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


tally.attempt("abstract", listen_to, socket.AF_UNIX, "\0" + name)
port = 20000 + int(props["token"][:4], 16) % 20000
tally.attempt("loopback", listen_to, socket.AF_INET, ("127.0.0.1", port))
tally.finish()
