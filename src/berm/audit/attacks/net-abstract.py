# id = "net-abstract"
# title = "connect to an abstract Unix socket of the host"
# guarantee = "network"
# layers = ["network-namespace", "landlock-scope", "seccomp"]
# source = ["isolate 2.6", "measured: abstract sockets only from ABI 6"]
# needs = ["abstract"]
# bare = "user"
import socket

from attack import Tally, props

tally = Tally()


def stream():
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.connect("\0" + props["abstract_stream"])
        sock.sendall(b"from the attack")


def datagram():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"from the attack", "\0" + props["abstract_dgram"])


tally.attempt("stream", stream)
tally.attempt("datagram", datagram)
tally.finish()
