# id = "leak-vsock"
# title = "talk to a run at the same time over AF_VSOCK"
# guarantee = "network"
# layers = ["seccomp"]
# source = ["isolate 2.6"]
# neighbour = "leak-sockets.first.py"
# when = "during"
# bare = ""
# why = "Two processes of one machine meet over vsock only where its loopback transport is loaded. net-vsock shows that the family is refused."
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


port = 20000 + int(props["token"][:4], 16) % 20000
for cid in (1, 2, 3):
    tally.attempt("cid %d" % cid, listen_to, getattr(socket, "AF_VSOCK", 40), (cid, port))
tally.finish()
