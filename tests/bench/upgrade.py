"""Replace two replicas one after the other while submissions are in flight; count what is lost.

    .venv/bin/python tests/bench/upgrade.py --submissions 300

Two services that do everything over one PostgreSQL, as a Deployment rolls them: the new replica is ready before the
old one gets SIGTERM, drains, and hands back what it did not finish. Clients send to whichever answers, and the same
again, with the same key, until it is accepted. What was accepted must end once, with the right result. A replica may
also be started from another tree (``--new PYTHON``), such as the next version's virtual environment.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
from replicas import Replica

from postgres_server import PostgresServer

TROUBLE = (httpx.HTTPError, json.JSONDecodeError)
SECONDS = 600.0
CODE = "import time\nn = int(input())\ntime.sleep(0.3)\nprint(n * n)"


class Hall:
    """People who hand in, one after the other, until all is accepted."""

    def __init__(self, replicas: list[Replica], submissions: int, pause: float) -> None:
        self.replicas = replicas
        self.accepted: dict[str, int] = {}
        self.repeated = 0
        self._numbers = iter(range(submissions))
        self._lock = threading.Lock()
        self._pause = pause
        self._people = [threading.Thread(target=self._hand_in, daemon=True) for _ in range(4)]

    def open(self) -> None:
        for one in self._people:
            one.start()

    def close(self) -> None:
        for one in self._people:
            one.join(SECONDS)
            assert not one.is_alive(), "somebody could not hand in"

    def urls(self) -> list[str]:
        return [one.url for one in list(self.replicas) if one.url]

    def _hand_in(self) -> None:
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            self._until_accepted(number)
            time.sleep(self._pause)

    def _until_accepted(self, number: int) -> None:
        key = str(uuid.uuid4())
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for url in self.urls():
                try:
                    answer = httpx.post(
                        f"{url}/v1/submissions",
                        json=submission(number),
                        headers={"idempotency-key": key},
                        timeout=20,
                    )
                    if answer.status_code in (200, 201, 202):
                        with self._lock:
                            self.accepted[answer.json()["id"]] = number
                        return
                except TROUBLE:
                    pass
                self.repeated += 1
            time.sleep(0.2)
        raise AssertionError(f"submission {number} was never accepted")

    def results(self) -> dict[str, dict[str, Any]]:
        """Wait for every result."""
        found: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + SECONDS
        while len(found) < len(self.accepted) and time.monotonic() < deadline:
            for one in self.accepted.keys() - found.keys():
                for url in self.urls():
                    try:
                        answer = httpx.get(f"{url}/v1/submissions/{one}?wait=5", timeout=20)
                        if answer.status_code == 200 and answer.json()["state"] in ENDS:
                            found[one] = answer.json()
                            break
                    except TROUBLE:
                        continue
        return found


ENDS = ("done", "cancelled")


def submission(number: int) -> dict[str, Any]:
    cases = [{"input": str(n), "expected_output": str(n * n)} for n in (number, number + 1)]
    return {"language": "python", "code": f"# {number}\n{CODE}", "test_cases": cases}


def roll(folder: Path, submissions: int, new: str, pause: float) -> dict[str, Any]:
    """Do it; return what was counted."""
    server = PostgresServer()
    server.start()
    store = server.database()
    environment = {"BERM_STORE_URL": store, "BERM_SERVE_WARM": "python", "BERM_SERVE_DRAIN": "10"}
    started: list[Replica] = []
    try:
        os.environ["BERM_STORE_URL"] = store
        assert os.spawnlp(os.P_WAIT, sys.executable, sys.executable, "-m", "berm", "migrate") == 0
        for name in ("old-1", "old-2"):
            started.append(Replica(folder, name, **environment).start())
        for one in started:
            one.wait()
        hall = Hall(list(started), submissions, pause)
        hall.open()
        codes = {}
        for number, old in enumerate(started[:2], 1):
            while len(hall.accepted) < number * submissions // 4:
                time.sleep(0.05)
            fresh = Replica(folder, f"new-{number}", **environment)
            started.append(fresh.start() if not new else start_with(fresh, new))
            hall.replicas.append(fresh.wait())
            hall.replicas.remove(old)  # it still answers, until its drain is over
            codes[old.name] = old.stop()
        hall.close()
        results = hall.results()
    finally:
        for one in started:
            one.kill()
        server.remove()
    verdicts: collections.Counter[str] = collections.Counter()
    for result in results.values():
        verdicts[str(result["verdict"])] += 1
    return {
        "accepted": len(hall.accepted),
        "with a result": len(results),
        "lost": len(hall.accepted) - len(results),
        "verdicts": dict(verdicts),
        "requests sent again": hall.repeated,
        "exit codes of the old": codes,
        "attempts": dict(collections.Counter(str(one["attempt"]) for one in results.values())),
    }


def start_with(replica: Replica, python: str) -> Replica:
    """Start a replica by another interpreter, whose Berm is another version."""
    mine, sys.executable = sys.executable, python
    try:
        return replica.start()
    finally:
        sys.executable = mine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument(
        "--pause", type=float, default=0.0, help="seconds between two of one person"
    )
    parser.add_argument("--new", default="", help="interpreter of the new version")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berm-upgrade-") as folder:
        counted = roll(Path(folder), options.submissions, options.new, options.pause)
    print(json.dumps(counted, indent=1))
    wrong = counted["lost"] or set(counted["verdicts"]) - {"AC"}
    return 1 if wrong or set(counted["exit codes of the old"].values()) != {0} else 0


if __name__ == "__main__":
    sys.exit(main())
