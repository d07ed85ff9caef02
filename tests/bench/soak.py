"""Many runs in a row: nothing may be left, and memory stays flat.

    .venv/bin/python -m tests.bench.soak --runs 2000 --at-once 8

Prints one line per tenth of the runs (latency, resident memory of service and fork servers,
open files), and ends with 1 if anything is left at the end: a process, a descriptor, a mount, a
run directory, a cgroup.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path

import berm

PROGRAM = "print(int(input()) + 1)"


def main() -> int:
    """Run the soak; 0 if nothing was left."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--plan", default="auto", choices=("auto", "namespaces", "confined"))
    parser.add_argument("--language", default="python")
    options = parser.parse_args()
    return asyncio.run(_soak(options))


async def _soak(options: argparse.Namespace) -> int:
    before = _left_over()
    async with berm.Engine(berm.Config(plan=options.plan)) as engine:
        await engine.warm([options.language])
        await _runs(engine, options, 50)
        start = _state(engine)
        print(json.dumps({"done": 0, **start}), flush=True)
        part = max(1, options.runs // 10)
        for done in range(part, options.runs + 1, part):
            latencies = await _runs(engine, options, part)
            latencies.sort()
            figures = {
                "done": done,
                "p50_ms": round(latencies[len(latencies) // 2] * 1e3, 2),
                "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1e3, 2),
                **_state(engine),
            }
            print(json.dumps(figures), flush=True)
        await asyncio.sleep(1.0)
        end = _state(engine)
    await asyncio.sleep(0.5)
    after = _left_over()
    print(json.dumps({"before": before, "after": after}), flush=True)
    grown = end["descriptors"] > start["descriptors"] + 8
    return 1 if after != before or grown else 0


async def _runs(engine: berm.Engine, options: argparse.Namespace, count: int) -> list[float]:
    """``count`` runs, ``options.at_once`` at a time; returns their latencies in seconds."""
    program = await engine.prepare(PROGRAM, options.language)
    left = iter(range(count))
    latencies: list[float] = []

    async def caller() -> None:
        for number in left:
            begun = time.perf_counter()
            result = await engine.execute(program, stdin=str(number))
            latencies.append(time.perf_counter() - begun)
            if result.text != f"{number + 1}\n":
                raise AssertionError(f"run {number}: {result}")

    await asyncio.gather(*(caller() for _ in range(options.at_once)))
    program.close()
    return latencies


def _state(engine: berm.Engine) -> dict[str, int]:
    servers = [pool.server_pid for pool in engine.pools if pool.server_pid]
    return {
        "service_kib": _resident(os.getpid()),
        "fork_servers_kib": sum(
            _resident(pid) for parent in servers for pid in _family(parent)[:2]
        ),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "processes": sum(len(_family(pid)) for pid in servers),
    }


def _resident(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def _family(pid: int) -> list[int]:
    found, front = [pid], [pid]
    while front:
        here = front.pop()
        try:
            text = Path(f"/proc/{here}/task/{here}/children").read_text("ascii")
        except OSError:
            continue
        children = [int(child) for child in text.split()]
        found += children
        front += children
    return found


def _left_over() -> dict[str, int]:
    """What this process tree and this machine hold of ours."""
    return {
        "children": len(_family(os.getpid())) - 1,
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "run_directories": sum(name.startswith("berm-") for name in os.listdir("/tmp")),
        "cgroups": sum(1 for _ in Path("/sys/fs/cgroup").rglob("cell-*")),
    }


if __name__ == "__main__":
    sys.exit(main())
