"""Kill the service again and again while submissions are in flight; count what is lost, doubled or stuck.

    .venv/bin/python tests/bench/chaos.py --store sqlite --rounds 100
    .venv/bin/python tests/bench/chaos.py --store postgresql --rounds 100

SQLite: one service that does everything, killed by SIGKILL. PostgreSQL: two APIs and three workers; each
round kills one or two of them, restarts the server without a checkpoint, stops all of its processes for 20
seconds, or cuts every connection. Clients send the same again, with the same key, until it is accepted; what
was accepted must end once, with a result that never changes, and its webhook must be told of that end.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
from replicas import Replica

from berm.client.webhook import written
from berm.service.webhooks.settings import WebhookSettings
from postgres_server import PostgresServer
from receiver import Receiver

PAUSE_SECONDS = 20.0
KEY = "the key of a test that kills services"
CODE = "n = int(input())\nprint(n * n)"
TROUBLE = (httpx.HTTPError, json.JSONDecodeError, KeyError)


class Crowd:
    """Clients that keep a number of submissions in flight, and remember all that they were told."""

    def __init__(self, urls: Callable[[], list[str]], in_flight: int, receiver: Receiver) -> None:
        self._urls = urls
        self._receiver = receiver
        self._in_flight = in_flight
        self._lock = threading.Lock()
        self.feeding = True
        self.open: dict[str, int] = {}
        self.seen: dict[str, str] = {}
        self.verdicts: collections.Counter[str] = collections.Counter()
        self.changed: list[str] = []
        self.missing: list[str] = []
        self.refused: collections.Counter[int] = collections.Counter()
        self.tries: collections.Counter[int] = collections.Counter()
        self._ends = False
        # One for both threads: to make one takes longer than a request.
        self._client = httpx.Client(timeout=40)
        self._threads = [threading.Thread(target=self._feed), threading.Thread(target=self._watch)]
        for thread in self._threads:
            thread.start()

    def _call(self, method: str, path: str, **given: Any) -> httpx.Response | None:
        urls = self._urls()
        if not urls:
            time.sleep(0.1)
            return None
        try:
            answer = self._client.request(method, random.choice(urls) + path, **given)
        except httpx.HTTPError:
            time.sleep(0.1)
            return None
        if answer.status_code >= 429:
            self.refused[answer.status_code] += 1
            time.sleep(0.2)
            return None
        return answer

    def _feed(self) -> None:
        batch: list[dict[str, Any]] = []
        key = ""
        while self.feeding:
            if len(self.open) >= self._in_flight and not batch:
                time.sleep(0.05)
                continue
            if not batch:
                key = uuid.uuid4().hex
                user = f"user {random.randrange(50)}"
                batch = [submission(user, self._receiver.url) for _ in range(20)]
            answer = self._call(
                "POST",
                "/v1/submissions/batch",
                json={"submissions": batch},
                headers={"idempotency-key": key},
            )
            if answer is None:
                continue
            assert answer.status_code == 202, answer.text
            with self._lock:
                for one in answer.json()["submissions"]:
                    self.open[one["id"]] = 0
            batch = []

    def _watch(self) -> None:
        while not self._ends:
            with self._lock:
                some = random.sample(sorted(self.open), min(60, len(self.open)))
                old = random.sample(sorted(self.seen), min(5, len(self.seen)))
            for one in (*some, *old):
                self.look(one)
            time.sleep(0.05)

    def look(self, one: str) -> bool:
        """Look at a submission; True once its end was seen."""
        answer = self._call("GET", f"/v1/submissions/{one}")
        if answer is None:
            return False
        if answer.status_code == 404:
            self.missing.append(one)
            return True
        found = answer.json()
        if found["state"] not in ("done", "cancelled"):
            return False
        del found["webhook"]  # which goes on after the end
        told = hashlib.sha256(json.dumps(found).encode()).hexdigest()
        with self._lock:
            before = self.seen.setdefault(one, told)
            if self.open.pop(one, None) is not None:
                self.verdicts[str(found["verdict"])] += 1
                self.tries[found["attempt"]] += 1
        if before != told:
            self.changed.append(one)
        return True

    def finish(self, seconds: float) -> list[str]:
        """Send no more; wait for every end; look at everything once more. Return what is stuck."""
        self.feeding = False
        self._threads[0].join()
        deadline = time.monotonic() + seconds
        while self.open and time.monotonic() < deadline:
            time.sleep(0.2)
        while self.untold() and time.monotonic() < deadline:
            time.sleep(0.2)
        self._ends = True
        self._threads[1].join()
        for one in list(self.seen):
            while not self.look(one):
                assert time.monotonic() < deadline + 300, "nobody answers any more"
        self._client.close()
        return sorted(self.open)

    def untold(self) -> list[str]:
        """Return what has ended and of what nobody was told."""
        with self._receiver.lock:
            return [one for one in list(self.seen) if one not in self._receiver.messages]


def submission(user: str, receiver: str) -> dict[str, Any]:
    number = random.randrange(1000)
    case = {"input": f"{number}\n", "expected_output": f"{number * number}\n"}
    return {
        "language": "python", "code": CODE, "test_cases": [case, case], "user_id": user,
        "webhook_url": receiver,
    }  # fmt: skip


class Deployment:
    """The replicas under test, and what can happen to them."""

    def __init__(self, folder: Path, store: str, lease: str) -> None:
        self.server = PostgresServer() if store == "postgresql" else None
        environment = {
            "BERM_SERVE_WARM": "python",
            "BERM_QUEUE_LEASE": lease,
            "BERM_QUEUE_MAX_QUEUED_PER_USER": "10000",
            "BERM_WEBHOOKS_KEY": KEY,
            "BERM_WEBHOOKS_ALLOW": "127.0.0.1/32",
            "BERM_WEBHOOKS_PLAIN": "true",
            "BERM_WEBHOOKS_AT_A_TIME_PER_USER": "8",  # all submissions are one account's
        }
        if self.server is None:
            url = f"sqlite:///{folder}/berm.db"
            roles = [("all", "all")]
        else:
            self.server.start()
            url = self.server.database()
            roles = [
                ("api-1", "api"),
                ("api-2", "api"),
                *((f"worker-{n}", "worker") for n in (1, 2, 3)),
            ]
        environment["BERM_STORE_URL"] = url
        subprocess.run([sys.executable, "-m", "berm", "migrate"], env={**os.environ, **environment}, check=True)  # fmt: skip
        self.replicas = [
            Replica(folder, name, f"--role={role}", **environment).start() for name, role in roles
        ]
        for replica in self.replicas:
            replica.wait()
        self.did: collections.Counter[str] = collections.Counter()
        self._starting: list[threading.Thread] = []

    def urls(self) -> list[str]:
        return [r.url for r in self.replicas if r.url and not r.name.startswith("worker")]

    def harm(self) -> str:
        """Do one harmful thing; return what."""
        if self.server is None:
            return self._kill(self.replicas)
        what = random.choices(
            ["worker", "workers", "api", "restart", "cut", "pause"], [5, 2, 3, 2, 3, 1]
        )[0]
        workers = [r for r in self.replicas if r.name.startswith("worker")]
        if what == "worker":
            return self._kill([random.choice(workers)])
        if what == "workers":
            return self._kill(random.sample(workers, 2))
        if what == "api":
            return self._kill([random.choice([r for r in self.replicas if r not in workers])])
        if what == "restart":
            self.server.stop()
            self.server.start()
        elif what == "cut":
            self.server.cut()
        else:
            self.server.pause()
            time.sleep(PAUSE_SECONDS)
            self.server.resume()
        return what

    def _kill(self, victims: list[Replica]) -> str:
        for victim in victims:
            victim.kill()
            victim.start()
        return "kill " + " ".join(victim.name for victim in victims)

    def settle(self) -> None:
        """Wait until everybody is up; start again who ended by itself, which is counted."""
        for replica in self.replicas:
            if not replica.alive:
                self.did[f"{replica.name} ended by itself"] += 1
                replica.start()
            replica.wait()

    def close(self) -> None:
        for replica in self.replicas:
            if replica.alive:
                replica.stop()
        if self.server is not None:
            self.server.remove()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", choices=["sqlite", "postgresql"], required=True)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--in-flight", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=3.0, help="between two rounds, at most")
    parser.add_argument("--lease", default="15")
    parser.add_argument("--minutes", type=float, default=600, help="no further round after that")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    random.seed(seed)
    folder = Path(tempfile.mkdtemp(prefix="berm-chaos-"))
    print(f"seed {seed}, logs in {folder}", flush=True)
    deployment = Deployment(folder, given.store, given.lease)
    # The service on the loopback address asks nobody for keys: everything is "local"'s.
    receiver = Receiver(written(WebhookSettings(key=KEY).signing_keys("local")[0]))
    crowd = Crowd(deployment.urls, given.in_flight, receiver)
    began = time.monotonic()
    try:
        while len(crowd.open) < given.in_flight and len(crowd.seen) < given.in_flight:
            time.sleep(0.1)
        number = 0
        while number < given.rounds and time.monotonic() - began < 60 * given.minutes:
            number += 1
            ended = len(crowd.seen)
            deadline = time.monotonic() + 120
            # Something must have been judged since the last round, or nothing would be in flight.
            while len(crowd.seen) == ended and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(random.uniform(0, given.seconds))
            what = deployment.harm()
            deployment.did[what.split(" ")[0]] += 1
            print(f"{number}: {what}; {len(crowd.seen)} ended, {len(crowd.open)} open", flush=True)
            deployment.settle()
        stuck = crowd.finish(600)
    finally:
        crowd.feeding = False
        crowd._ends = True
        deployment.close()
        receiver.close()
    told = {one: receiver.messages[one] for one in crowd.seen if one in receiver.messages}
    untold = crowd.untold()
    differently = [one for one, all_ in told.items() if any(other != all_[0] for other in all_)]
    lost = sorted(set(crowd.missing))
    report = {
        "store": given.store,
        "rounds": number,
        "harm": dict(deployment.did),
        "accepted": len(crowd.seen) + len(stuck) + len(lost),
        "lost": len(lost),
        "changed": len(set(crowd.changed)),
        "stuck": len(stuck),
        "webhooks": {
            "told": len(told),
            "more than once": sum(len(messages) > 1 for messages in told.values()),
            "untold": len(untold),
            "told differently": len(differently),
            "broken off": receiver.broken_off,
            "forged": receiver.forged,
        },
        "verdicts": dict(crowd.verdicts),
        "attempts": {str(key): value for key, value in sorted(crowd.tries.items())},
        "refusals": dict(crowd.refused),
        "seconds": round(time.monotonic() - began),
        "seed": seed,
    }
    print(json.dumps(report, indent=2))
    wrong = lost or stuck or crowd.changed or untold or differently or receiver.forged
    return 1 if wrong or set(crowd.verdicts) - {"AC"} else 0


if __name__ == "__main__":
    raise SystemExit(main())
