"""Load: a class that presses "run" at once, and a user who floods the queue beside the others.

    .venv/bin/python tests/bench/load.py burst                  # 300 users x 3 submissions x 10 tests
    .venv/bin/python tests/bench/load.py flood                  # 50 users, without and with 1,000 of one other
    .venv/bin/python tests/bench/load.py flood --apart 0.2      # the 50 one after the other on a machine that idles
    .venv/bin/python tests/bench/load.py scale                  # one worker on one processor, then two on two
    .venv/bin/python tests/bench/load.py burst --url https://judge.example --keys keys.jsonl   # rehearse an exam

Figures are printed as JSON: throughput, percentiles of wait (handed in until started) and total (handed in
until done) by the store's own clock, Jain's index of the users' mean totals, and the processor time that the generator
itself took beside them. ``scale`` fills the queue first and then ends everything but the store and the workers, so that
nothing but judging is measured: submissions finished a second while all workers were at it, again by the store's clock.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import datetime as dt
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import asyncpg
import httpx
from replicas import Replica

from postgres_server import PostgresServer

CODE = "n = int(input())\nprint(n * n)"
BUSY = "n = int(input())\nfor _ in range(1_000_000): pass\nprint(n * n)"


ENVIRONMENT = {
    "BERM_SERVE_WARM": "python",
    "BERM_QUEUE_MAX_QUEUED_PER_USER": "10000",
    "BERM_SERVE_LOG_LEVEL": "warning",
}


def submission(user: str, tests: int, code: str = CODE) -> dict[str, Any]:
    cases = [{"input": f"{n}\n", "expected_output": f"{n * n}\n"} for n in range(tests)]
    return {"language": "python", "code": code, "test_cases": cases, "user_id": user}


class Class:
    """Users of one service, each with submissions and connections of its own."""

    def __init__(self, urls: list[str], keys: Sequence[str] = ()) -> None:
        self._urls = urls
        self._keys = keys
        # A pool that everybody shared would be searched by each request, which costs more than all the rest.
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._context = ssl.create_default_context()
        self.statuses: collections.Counter[int] = collections.Counter()
        self.times: dict[str, list[tuple[float, float]]] = collections.defaultdict(list)
        self.wrong = 0

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    def client(self, user: str) -> httpx.AsyncClient:
        """Return this user's own, made at the first call."""
        if user not in self._clients:
            number = len(self._clients)
            self._clients[user] = httpx.AsyncClient(
                base_url=self._urls[number % len(self._urls)],
                headers={"authorization": f"Bearer {self._keys[number]}"} if self._keys else {},
                timeout=120,
                verify=self._context,
            )
        return self._clients[user]

    async def hand_in(self, user: str, tests: int) -> str:
        while True:
            answer = await self.client(user).post("/v1/submissions", json=submission(user, tests))
            self.statuses[answer.status_code] += 1
            if answer.status_code == 202:
                return str(answer.json()["id"])
            assert answer.status_code in (429, 503), answer.text
            await asyncio.sleep(float(answer.headers["retry-after"]))

    async def result(self, user: str, one: str) -> None:
        while True:
            answer = await self.client(user).get(f"/v1/submissions/{one}", params={"wait": 60})
            self.statuses[answer.status_code] += 1
            if answer.status_code in (429, 503):
                await asyncio.sleep(float(answer.headers["retry-after"]))
                continue
            assert answer.status_code == 200, answer.text
            found = answer.json()
            if found["state"] == "done":
                break
        self.wrong += found["verdict"] != "AC"
        created, started, finished = (
            dt.datetime.fromisoformat(found[name]).timestamp()
            for name in ("created_at", "started_at", "finished_at")
        )
        self.times[user].append((started - created, finished - created))

    async def user(self, name: str, submissions: int, tests: int) -> None:
        ids = [await self.hand_in(name, tests) for _ in range(submissions)]
        await asyncio.gather(*(self.result(name, one) for one in ids))


def figures(users: Class, seconds: float, wanted: str = "") -> dict[str, Any]:
    picked = {user: times for user, times in users.times.items() if user.startswith(wanted)}
    waits = sorted(wait for times in picked.values() for wait, _ in times)
    totals = sorted(total for times in picked.values() for _, total in times)
    means = [sum(total for _, total in times) / len(times) for times in picked.values()]
    jain = sum(means) ** 2 / (len(means) * sum(mean * mean for mean in means))

    def at(values: list[float], part: float) -> float:
        return round(values[min(len(values) - 1, int(part * len(values)))], 3)

    return {
        "submissions": len(totals),
        "seconds": round(seconds, 2),
        "submissions_per_second": round(len(totals) / seconds, 2),
        "wait": {
            name: at(waits, part) for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "total": {
            name: at(totals, part) for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "jain": round(jain, 4),
        "statuses": {str(key): value for key, value in sorted(users.statuses.items())},
        "wrong": users.wrong,
    }


async def burst(
    urls: list[str], users: int, submissions: int, tests: int, keys: Sequence[str] = ()
) -> dict[str, Any]:
    people = Class(urls, keys)
    began = time.monotonic()
    await asyncio.gather(*(people.user(f"user {n}", submissions, tests) for n in range(users)))
    seconds = time.monotonic() - began
    await people.close()
    return figures(people, seconds)


async def flood(
    urls: list[str], users: int, flooded: int, tests: int, apart: float
) -> dict[str, Any]:
    """Users who hand in one each, ``apart`` seconds apart; then the same beside one with a heap."""
    report = {}
    for name, heap in (("without", 0), ("with", flooded)):
        people = Class(urls)
        ids = [await people.hand_in("flooder", tests) for _ in range(heap)]
        began = time.monotonic()

        async def normal(number: int, people: Class = people) -> None:
            await asyncio.sleep(number * apart)
            await people.user(f"normal {number}", 1, tests)

        await asyncio.gather(*(normal(number) for number in range(users)))
        report[name] = figures(people, time.monotonic() - began, "normal")
        for one in ids:
            await people.client("flooder").delete(f"/v1/submissions/{one}")
        await people.close()
    ratio = report["with"]["total"]["p95"] / report["without"]["total"]["p95"]
    return {**report, "p95_ratio": round(ratio, 2)}


def scale(folder: Path, submissions: int, tests: int) -> dict[str, Any]:
    """The same queue, worked off by one worker on one processor, and by two on two."""
    server = PostgresServer()
    rates: dict[str, float] = {}
    try:
        server.start()
        for workers in (1, 2):
            url = server.database()
            environment = {**ENVIRONMENT, "BERM_STORE_URL": url}
            migrate(environment)
            api = Replica(folder, f"api-{workers}", "--role=api", **environment).start().wait()
            # An API knows what can be run from its workers; this one tells it, and is gone again.
            teller = Replica(folder, f"teller-{workers}", "--role=worker", **environment)
            teller.start().wait()
            time.sleep(3)
            teller.stop()
            one = submission("user", tests, BUSY)
            for _ in range(0, submissions, 100):
                answer = httpx.post(
                    f"{api.url}/v1/submissions/batch", json={"submissions": [one] * 100}, timeout=60
                )
                assert answer.status_code == 202, answer.text
            api.stop()
            team = [
                Replica(
                    folder, f"worker-{workers}-{n}", "--role=worker", processor=n, **environment
                )
                for n in range(workers)
            ]
            for worker in team:
                worker.start()
            rates[str(workers)] = asyncio.run(rate(url, workers))
            for worker in team:
                worker.kill()
    finally:
        server.remove()
    return {"submissions_per_second": rates, "times": round(rates["2"] / rates["1"], 2)}


async def rate(url: str, workers: int) -> float:
    """Wait for the queue's end; return submissions a second while all workers were at it."""
    connection = await asyncpg.connect(url)
    try:
        while await connection.fetchval("SELECT count(*) FROM jobs WHERE finished IS NULL"):
            await asyncio.sleep(1)
        spans = await connection.fetch(
            "SELECT worker, min(started) AS began, max(finished) AS ended FROM jobs GROUP BY worker"
        )
        assert len(spans) == workers, "a worker had nothing to do: give it more submissions"
        begin, end = max(row["began"] for row in spans) + 1, min(row["ended"] for row in spans) - 1
        assert end > begin, "it was over too soon: give it more submissions"
        text = "SELECT count(*) FROM jobs WHERE finished > $1 AND finished <= $2"
        return round(await connection.fetchval(text, begin, end) / (end - begin), 2)
    finally:
        await connection.close()


def migrate(environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "berm", "migrate"],
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["burst", "flood", "scale"])
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument(
        "--workers", type=int, default=1, help="on PostgreSQL, each bound to one processor"
    )
    parser.add_argument("--users", type=int, default=0)
    parser.add_argument("--submissions", type=int, default=3)
    parser.add_argument("--tests", type=int, default=10)
    parser.add_argument("--flood", type=int, default=1000)
    parser.add_argument("--url", help="a service that is there already, for burst")
    parser.add_argument(
        "--keys", type=Path, help="of its users: lines of `berm keys create --json`"
    )
    parser.add_argument("--apart", type=float, default=0.0, help="seconds between two of the users")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="berm-load-"))
    if given.what == "scale":
        report = scale(folder, 100 * max(1, given.users or 4), given.tests)
        print(json.dumps({"what": "scale", "load_average": os.getloadavg(), **report}, indent=2))
        return
    if given.url:
        keys = [json.loads(line)["key"] for line in given.keys.read_text().splitlines()]
        report = asyncio.run(burst([given.url], len(keys), given.submissions, given.tests, keys))
        print(json.dumps({"what": given.what, "url": given.url, **report}, indent=2))
        return
    server = PostgresServer() if given.store == "postgresql" else None
    environment = dict(ENVIRONMENT)
    roles = ["all"]
    if server is not None:
        server.start()
        roles = ["api", *["worker"] * given.workers]
    environment["BERM_STORE_URL"] = (
        f"sqlite:///{folder}/berm.db" if server is None else server.database()
    )
    migrate(environment)
    replicas = [
        Replica(
            folder,
            f"{role}-{number}",
            f"--role={role}",
            processor=(number - 1) % (os.cpu_count() or 1) if role == "worker" else None,
            **environment,
        ).start()
        for number, role in enumerate(roles)
    ]
    try:
        urls = [replica.wait().url for replica in replicas if not replica.name.startswith("worker")]
        if server is not None:
            time.sleep(3)  # the API learns of its workers
        if given.what == "burst":
            report = asyncio.run(burst(urls, given.users or 300, given.submissions, given.tests))
        else:
            report = asyncio.run(
                flood(urls, given.users or 50, given.flood, given.tests, given.apart)
            )
    finally:
        for replica in replicas:
            replica.stop()
        if server is not None:
            server.remove()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        json.dumps(
            {
                "what": given.what,
                "store": given.store,
                "load_average": load,
                "generator_cpu_seconds": round(time.process_time(), 1),
                **report,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
