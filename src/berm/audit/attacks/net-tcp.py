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


def fast_open():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.sendto(b"from the attack", 0x20000000, ("127.0.0.1", port))


for host in ("127.0.0.1", "127.1.2.3", "0.0.0.0"):
    tally.attempt(host, connect, host)
tally.attempt("MSG_FASTOPEN", fast_open)
tally.finish()
