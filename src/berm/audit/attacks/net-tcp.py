# id = "net-tcp"
# title = "connect to a service on the host's loopback by TCP"
# guarantee = "network"
# layers = ["network-namespace", "landlock-net", "seccomp"]
# source = ["CVE-2024-29021"]
# needs = ["tcp"]
# bare = "user"
import socket

from attack import Tally, props

tally = Tally()
port = props["tcp_port"]


def connect(host):
    with socket.create_connection((host, port), timeout=2) as sock:
        sock.sendall(b"from the attack")


for host in ("127.0.0.1", "127.1.2.3", "0.0.0.0"):
    tally.attempt(host, connect, host)
tally.finish()
