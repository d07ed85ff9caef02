# id = "net-tcp-fastopen"
# title = "connect by TCP without connect(): MSG_FASTOPEN in sendto and sendmsg"
# guarantee = "network"
# layers = ["network-namespace", "seccomp"]
# source = ["found while building: Landlock's right to connect does not cover it (Linux 6.18)"]
# needs = ["tcp"]
# bare = "user"
import socket

from attack import Tally, props

MSG_FASTOPEN = 0x20000000
tally = Tally()
address = ("127.0.0.1", props["tcp_port"])


def sendto():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.sendto(b"from the attack", MSG_FASTOPEN, address)


def sendmsg():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.sendmsg([b"from the attack"], [], MSG_FASTOPEN, address)


tally.attempt("sendto", sendto)
tally.attempt("sendmsg", sendmsg)
tally.finish()
