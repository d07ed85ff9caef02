# id = "net-socketpair"
# title = "turn a socketpair, which a filter may allow, into a way to the host's sockets"
# guarantee = "network"
# layers = ["seccomp"]
# source = ["found while building: a datagram socketpair can be pointed at any Unix socket"]
# needs = ["unix", "abstract"]
# bare = "user"
# notes = "Linux lets sendto, sendmsg and connect on a SOCK_DGRAM socketpair name another address."
import socket

from attack import Tally, props

tally = Tally()
addresses = {"path": props["unix_dgram_path"], "abstract": "\0" + props["abstract_dgram"]}


def pair(kind):
    ours, other = socket.socketpair(socket.AF_UNIX, kind)
    ours.settimeout(2)
    return ours, other


def sendto(address):
    ours, other = pair(socket.SOCK_DGRAM)
    ours.sendto(b"from the attack", address)


def sendmsg(address):
    ours, other = pair(socket.SOCK_DGRAM)
    ours.sendmsg([b"from the attack"], [], 0, address)


def connect(address):
    ours, other = pair(socket.SOCK_DGRAM)
    ours.connect(address)
    ours.send(b"from the attack")


def reconnect_stream(address):
    ours, other = pair(socket.SOCK_STREAM)
    other.close()
    ours.connect(address)


for label, address in addresses.items():
    tally.attempt(label + " sendto", sendto, address)
    tally.attempt(label + " sendmsg", sendmsg, address)
    tally.attempt(label + " connect", connect, address)
for label, address in (("path", props["unix_stream_path"]), ("abstract", "\0" + props["abstract_stream"])):
    tally.attempt(label + " stream", reconnect_stream, address)
tally.finish()
