# id = "net-metadata"
# title = "send a packet to the cloud's metadata and identity addresses, and to the world"
# guarantee = "network"
# layers = ["network-namespace", "seccomp"]
# source = ["CVE-2024-29021", "Judge0 callback SSRF"]
# bare = "user"
# notes = "A UDP connect() succeeds only where a route exists, and sends nothing."
import errno
import os
import socket

from attack import Tally

tally = Tally()
addresses = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "10.0.0.1", "1.1.1.1"]


def route(address, kind):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.setblocking(False)
        sock.connect((address, 80))


for address in addresses:
    tally.attempt(address + " udp", route, address, socket.SOCK_DGRAM)
    tally.attempt(address + " tcp", route, address, socket.SOCK_STREAM, past=(errno.EINPROGRESS, errno.ECONNREFUSED))
for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "KUBERNETES_SERVICE_HOST"):
    if name in os.environ:
        tally.through.append(name)
tally.finish()
