import os
import select
import socket
import tempfile
import time

from attack import props

name = "berm-" + props["token"]
text = props["canary"].encode()
port = 20000 + int(props["token"][:4], 16) % 20000
places = dict.fromkeys((".", "/tmp", tempfile.gettempdir(), "/dev/shm", "/var/tmp", ".."))
ways = [(socket.AF_UNIX, "\0" + name), (socket.AF_INET, ("127.0.0.1", port))]
ways += [(socket.AF_UNIX, os.path.join(place, name)) for place in places]
if hasattr(socket, "AF_VSOCK"):
    ways.append((socket.AF_VSOCK, (socket.VMADDR_CID_ANY, port)))
listeners = []
for family, address in ways:
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind(address)
        listener.listen()
        listeners.append(listener)
    except OSError as error:
        print(error)
end = time.monotonic() + props.get("stay", 0)
while time.monotonic() < end:
    for listener in select.select(listeners, [], [], 0.1)[0]:
        connection, _ = listener.accept()
        connection.sendall(text)
        connection.close()
        print("ESCAPED the other run came in")
for place in places:
    try:
        os.unlink(os.path.join(place, name))
    except OSError:
        pass
