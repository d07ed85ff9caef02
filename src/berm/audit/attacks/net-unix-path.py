# id = "net-unix-path"
# title = "connect to a socket that the host offers under a path"
# guarantee = "network"
# layers = ["pivot-root", "seccomp"]
# source = ["measured: pathname sockets are not covered by Landlock"]
# needs = ["unix"]
# bare = "user"
import socket

from attack import Tally, props

tally = Tally()


def stream(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.connect(path)
        sock.sendall(b"from the attack")


def datagram(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.sendto(b"from the attack", path)


tally.attempt("stream", stream, props["unix_stream_path"])
tally.attempt("datagram", datagram, props["unix_dgram_path"])
for path in ("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket", "/run/systemd/notify"):
    tally.attempt(path, stream, path)
tally.attempt("/dev/log", datagram, "/dev/log")
tally.finish()
