# id = "net-listen"
# title = "offer a service that the host can reach"
# guarantee = "network"
# layers = ["network-namespace", "landlock-net", "seccomp"]
# source = ["DMOJ#318"]
# needs = ["caller"]
# bare = "user"
import socket
import time

from attack import escaped, held, props, reason

try:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", props["caller_port"]))
    listener.listen()
except OSError as error:
    held("bind " + reason(error))
listener.settimeout(1.5)
try:
    peer = listener.accept()[1]
except OSError as error:
    held("nobody could reach it: %r" % error)
escaped("the host came in from %r" % (peer,))
