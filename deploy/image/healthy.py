#!/usr/bin/python3 -IS
"""Exit with 0 if the service of this container is alive: what the image's HEALTHCHECK asks every 15 s."""

import os
import socket
import sys

try:
    port = int(os.environ.get("BERM_SERVE_PORT", "8000"))
    with socket.create_connection(("127.0.0.1", port), 4) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = connection.recv(64)
except (OSError, ValueError) as error:
    sys.exit(f"berm: the service does not answer: {error}")
sys.exit(0 if answer.startswith(b"HTTP/1.1 200 ") else f"berm: the service answers {answer[:32]!r}")
