"""Who is told by webhooks: an HTTP server on the loopback that checks signatures and remembers."""

from __future__ import annotations

import collections
import http.server
import threading
from typing import Any

from berm.client.webhook import SignatureError, verify


class Receiver:
    """Answers ``status`` (the first of ``statuses`` while there are any) and keeps what is genuine.

    Attributes:
        url: what to give as ``webhook_url``.
        messages: of each submission, what was told of it, in order.
        forged: how many deliveries had a wrong signature.
        broken_off: how many ended before their end, as those of a killed service do.
        ids: of each submission, the ``webhook-id`` of its deliveries.
    """

    def __init__(self, secret: str = "") -> None:
        self.secret = secret
        self.statuses: list[int] = []
        self.messages: dict[str, list[dict[str, Any]]] = collections.defaultdict(list)
        self.ids: dict[str, set[str]] = collections.defaultdict(set)
        self.forged = 0
        self.broken_off = 0
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    with outer.lock:
                        outer.broken_off += 1
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                with outer.lock:
                    status = outer.statuses.pop(0) if outer.statuses else 204
                    try:
                        told = verify(outer.secret, headers, body)
                    except SignatureError:
                        outer.forged += 1
                        status = 400
                    else:
                        if status < 300:
                            outer.messages[told["data"]["id"]].append(told)
                        outer.ids[told["data"]["id"]].add(headers["webhook-id"])
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/told"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
