# id = "net-udp"
# title = "send a datagram to the host's loopback"
# guarantee = "network"
# layers = ["network-namespace", "seccomp"]
# source = ["measured: UDP is not covered by Landlock"]
# needs = ["udp"]
# bare = "user"
import socket

from attack import Tally, props

tally = Tally()


def send(connected):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        address = ("127.0.0.1", props["udp_port"])
        if connected:
            sock.connect(address)
            sock.send(b"from the attack")
        else:
            sock.sendto(b"from the attack", address)


tally.attempt("sendto", send, False)
tally.attempt("connect", send, True)
tally.finish()
