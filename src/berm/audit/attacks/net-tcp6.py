# id = "net-tcp6"
# title = "connect to loopback by TCP over IPv6, and to IPv4 through a mapped address"
# guarantee = "network"
# layers = ["network-namespace", "landlock-net", "seccomp"]
# source = ["CVE-2024-29021"]
# needs = ["tcp", "tcp6"]
# bare = "user"
import socket

from attack import Tally, props

tally = Tally()


def connect(host, port):
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.connect((host, port))
        sock.sendall(b"from the attack")


tally.attempt("::1", connect, "::1", props["tcp6_port"])
tally.attempt("::ffff:127.0.0.1", connect, "::ffff:127.0.0.1", props["tcp_port"])
tally.finish()
