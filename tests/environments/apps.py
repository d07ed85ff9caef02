"""Rehearse what deploy/terraform/azure sets up, between contests: an API that waits, and no worker until there is work.

    .venv/bin/python tests/environments/apps.py /var/tmp/berm-rootfs

As root, with crun, a PostgreSQL and the simulator, from the image's file system (``./dev image --rootfs``). In the
containers of ``image.py``, with the arguments and settings that the Terraform files name: the tables are made, the API is
ready though there is no worker and nobody has a key, refuses everybody, takes the first key that is made beside it, and
keeps a submission, which the query of the scale rule counts. The worker that this starts judges it and ends; an API that
is replaced then keeps the next one. Prints JSON; ends with 1 if something is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from image_container import ROOT, Container, ask, container  # noqa: E402

from postgres_server import PostgresServer  # noqa: E402

MODE = "aca"
BERM = "/opt/berm/bin/berm"
SECONDS = 180
SUBMISSION = {
    "language": "java",
    "code": "public class Main { public static void main(String[] a) { System.out.println(42); } }",
    "test_cases": [{"expected_output": "42"}],
}


def terraform(pattern: str, file: str) -> str:
    """Return what a pattern's group finds in a Terraform file."""
    found = re.search(pattern, (ROOT / "deploy/terraform/azure" / file).read_text("utf-8"))
    assert found is not None, (pattern, file)
    return found[1]


def arguments(file: str, command: str) -> list[str]:
    """Return the arguments that a container gets there: the one that begins with a command."""
    return list(json.loads(terraform(rf'args\s*=\s*(\["{command}"[^\]]*\])', file)))


def settings(store: str) -> dict[str, str]:
    """Return the settings of both apps, for one processor."""
    return {
        "BERM_STORE_URL": store,
        "BERM_SERVE_DRAIN": "30",
        "BERM_SERVE_LOG_FORMAT": "json",
        "BERM_POOL_RUNS_AT_A_TIME": "1",
        "BERM_POOL_PARKED_MIB": "256",
    }


class App:
    """One replica, on a port of its own: the containers of this rehearsal share the machine's network."""

    def __init__(self, rootfs: Path, words: list[str], store: str, scratch: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        variables = settings(store) | {"BERM_SERVE_PORT": str(self.port)}
        command = ["/usr/bin/tini", "--", BERM, *words]
        self.made: Container = Container(MODE, rootfs, command, scratch, **variables)

    def ask(self, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        return ask(f"http://127.0.0.1:{self.port}{path}", body, key)

    def ready(self) -> float:
        """Return the seconds until the probe of the Terraform files is content."""
        until(lambda: self.ask("/readyz")[0] == 200 or self.made.process.poll() is not None)
        assert self.made.process.poll() is None, self.made.output(10)[1]
        return round(time.monotonic() - self.made.began, 2)

    def ended(self) -> int:
        self.made.signal("TERM")
        code, _ = self.made.output(60)
        return code


def until(done: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (found := done()):
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.1)
    return found


def waiting(server: PostgresServer, store: str) -> int:
    """Return what the scale rule sees."""
    query = terraform(r'queue = "([^"]+)"', "main.tf")
    words = [server._bin / "psql", "-qAt", "-c", query, store]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def rehearse(rootfs: Path, server: PostgresServer, apps: list[App]) -> dict[str, Any]:
    store, found = server.database(), {}

    def app(file: str, scratch: str = "512m") -> App:
        apps.append(App(rootfs, arguments(file, "serve"), store, scratch))
        return apps[-1]

    migrate = [BERM, *arguments("api.tf", "migrate")]
    with container(MODE, rootfs, migrate, "64m", BERM_STORE_URL=store) as one:
        found["migrate ended with"] = one.output(SECONDS)[0]
    api = app("api.tf", "64m")
    found["seconds to a ready API"] = api.ready()
    found["without a key"] = api.ask("/v1/submissions", SUBMISSION)[0]
    made = api.made.said(BERM, *terraform_key())
    key = json.loads(made)["key"]
    until(lambda: (api.ask("/health")[1] or {}).get("languages"))
    status, ticket = api.ask("/v1/submissions", SUBMISSION, key)
    found["handed in while there is no worker"] = status
    found["what the scale rule counts"] = waiting(server, store)
    worker = app("worker.tf")
    found["seconds to a ready worker"] = worker.ready()

    def result() -> Any:
        _, seen = api.ask(f"/v1/submissions/{ticket['id']}?wait=20", key=key)
        return seen if seen and seen["state"] == "done" else None

    found["its verdict"] = until(result)["verdict"]
    found["seconds from the worker's start to it"] = round(time.monotonic() - worker.made.began, 2)
    found["berm doctor --for aca ended with"] = worker.made.run(BERM, "doctor", "--for", "aca")
    found["the worker ended with"] = worker.ended()
    found["left for the scale rule"] = waiting(server, store)
    found["the API ended with"] = api.ended()
    again = app("api.tf", "64m")
    again.ready()
    until(lambda: (again.ask("/health")[1] or {}).get("languages"))
    found["handed in at its successor, without a worker"] = again.ask(
        "/v1/submissions", SUBMISSION, key
    )[0]
    found["its successor ended with"] = again.ended()
    return found


def terraform_key() -> list[str]:
    """Return the guide's command that makes the first key, for a program that reads it."""
    text = (ROOT / "docs/guides/container-apps.md").read_text("utf-8")
    found = re.search(r'--command "berm (keys create [^"]+)"', text)
    assert found is not None
    return [*found[1].split(), "--json"]


EXPECTED = {
    "migrate ended with": 0,
    "without a key": 401,
    "handed in while there is no worker": 202,
    "what the scale rule counts": 1,
    "its verdict": "AC",
    "berm doctor --for aca ended with": 0,
    "the worker ended with": 0,
    "left for the scale rule": 0,
    "the API ended with": 0,
    "handed in at its successor, without a worker": 202,
    "its successor ended with": 0,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rootfs", type=Path)
    options = parser.parse_args()
    server = PostgresServer("/var/tmp")
    apps: list[App] = []
    try:
        server.start()
        found = rehearse(options.rootfs, server, apps)
    finally:
        for one in apps:
            one.made.remove()
        server.remove()
    found["wrong"] = [name for name, value in EXPECTED.items() if found.get(name) != value]
    print(json.dumps(found, indent=1))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
