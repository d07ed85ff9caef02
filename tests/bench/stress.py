"""stress-ng in a cell, class after class, beside a neighbour whose results and latency are watched.

    .venv/bin/python -m tests.bench.stress                      every stressor of every class
    .venv/bin/python -m tests.bench.stress --per-class 4        four of each, spread over the class
    .venv/bin/python -m tests.bench.stress --class vm --plan confined
    .venv/bin/python -m tests.bench.stress --without lockbus    but for what only a kernel could stop

The neighbour runs a tiny Python program again and again. It is measured beside each stressor and, in slices of the
same length in between, beside a plain busy program of as many processes as there are cores; so whatever else the
machine does weighs on both alike. A class holds if every result of the neighbour was right and its p99 beside
the stressors is at most twice the p99 beside the busy program. Ends with 1 if one does not hold. Needs stress-ng
(Debian's package of that name).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import berm
from berm.model import MIB, Limits

NEIGHBOUR = "print(int(input()) + 1)\n"
STARTER = """
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv) {
    (void)argc;
    argv[0] = "stress-ng";
    execv("/usr/bin/stress-ng", argv);
    perror("stress-ng");
    return 9;
}
"""
BUSY = """
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
    for (int n = argc > 1 ? atoi(argv[1]) : 1; n > 1; n--) if (fork() == 0) break;
    for (volatile unsigned long i = 0;; i++) {}
}
"""
BUDGET = 2.0


def main() -> int:
    """Measure; 0 if every class holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--class", dest="classes", action="append", help="only this class")
    parser.add_argument("--without", action="append", default=[], help="leave this stressor out")
    parser.add_argument("--per-class", type=int, default=0, help="stressors of each class; 0: all")
    parser.add_argument("--seconds", type=int, default=1, help="length of one slice")
    parser.add_argument("--plan", default="auto", choices=("auto", "namespaces", "confined"))
    parser.add_argument("--figures", type=Path, help="write the figures to this file, as JSON")
    options = parser.parse_args()
    if shutil.which("stress-ng") is None:
        sys.exit("stress-ng is not installed (Debian: apt-get install stress-ng)")
    return asyncio.run(_measure(options))


async def _measure(options: argparse.Namespace) -> int:
    figures = []
    # One turn for the noise, one for the neighbour.
    async with berm.Engine(berm.Config(plan=options.plan, runs_at_a_time=2)) as engine:
        plan = engine.enforcement("c").plan
        print(f"{plan} plan, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, milliseconds")
        print(
            f"{'class':12} {'stressors':>9} {'samples':>8} {'busy p99':>9} {'p99':>9} {'ratio':>6}  worst"
        )
        bench = Bench(engine, options.seconds)
        await bench.start()
        for name in options.classes or stressor_classes():
            wanted = [one for one in stressors(name) if one not in options.without]
            figure = await bench.measure(name, spread(wanted, options.per_class))
            figures.append(figure)
            print(
                f"{name:12} {figure['stressors']:9} {figure['samples']:8} {figure['busy_p99']:9.1f}"
                f" {figure['p99']:9.1f} {figure['ratio']:6.2f}  {figure['worst']}"
                f"{'' if figure['held'] else '  OVER'}",
                flush=True,
            )
        await bench.stop()
    if options.figures:
        options.figures.write_text(json.dumps({"plan": plan, "classes": figures}, indent=1) + "\n")
    return 0 if all(figure["held"] for figure in figures) else 1


class Bench:
    """One neighbour, and what runs beside it."""

    def __init__(self, engine: berm.Engine, seconds: int) -> None:
        """Take an engine that runs two programs at a time, and the length of a slice."""
        self._engine = engine
        self._seconds = seconds

    async def start(self) -> None:
        """Compile what makes noise, and warm up."""
        self._starter = await self._engine.prepare(STARTER, "c")
        self._busy = await self._engine.prepare(BUSY, "c")
        for _ in range(5):
            await self._sample()

    async def stop(self) -> None:
        """Free the programs."""
        self._starter.close()
        self._busy.close()

    async def measure(self, name: str, wanted: list[str]) -> dict[str, object]:
        """Measure one class."""
        busy: list[float] = []
        beside: list[float] = []
        medians: dict[str, float] = {}
        for stressor in wanted:
            cores = str(os.cpu_count() or 1)
            busy += await self._beside(self._busy, (cores,))
            words = (f"--{stressor}", "1", "--timeout", str(self._seconds), "--quiet")
            samples = await self._beside(self._starter, (*words, "--temp-path", "/tmp"))
            medians[stressor] = statistics.median(samples)
            beside += samples
        ours, theirs = p99(beside) * 1000, p99(busy) * 1000
        return {
            "class": name,
            "stressors": len(wanted),
            "samples": len(beside),
            "busy_p99": round(theirs, 2),
            "p99": round(ours, 2),
            "ratio": round(ours / theirs, 3),
            "worst": max(medians, key=lambda name: medians[name]),
            "held": ours <= BUDGET * theirs,
        }

    async def _beside(self, program: berm.Program, args: tuple[str, ...]) -> list[float]:
        """Sample the neighbour for one slice while the program runs; it runs again if it ends."""
        limits = Limits(wall_time=self._seconds + 0.5, cpu_time=60, memory=256 * MIB, processes=32)
        end = time.monotonic() + self._seconds
        noise = asyncio.create_task(self._engine.execute(program, args=args, limits=limits))
        samples: list[float] = []
        try:
            await asyncio.sleep(0.05)
            while time.monotonic() < end:
                if noise.done():
                    noise.result()
                    noise = asyncio.create_task(
                        self._engine.execute(program, args=args, limits=limits)
                    )
                samples.append(await self._sample())
        finally:
            noise.cancel()
            await asyncio.gather(noise, return_exceptions=True)
        return samples

    async def _sample(self) -> float:
        began = time.perf_counter()
        result = await self._engine.run(NEIGHBOUR, stdin="41")
        took = time.perf_counter() - began
        if result.stdout != b"42\n" or not result.outcome.ok or result.stderr:
            sys.exit(f"the neighbour was harmed: {result}")
        return took


def p99(samples: list[float]) -> float:
    """Return the 99th percentile, of at least one sample."""
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * 0.99))]


def stressor_classes() -> list[str]:
    """Return the names of stress-ng's classes, as it lists them to who asks for a wrong one."""
    done = subprocess.run(
        ["stress-ng", "--class", "none-such"], capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).partition("available classes:")[2].split()


def stressors(name: str) -> list[str]:
    """Return the stressors of one class."""
    done = subprocess.run(
        ["stress-ng", "--class", f"{name}?"], capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).partition("stressors:")[2].split()


def spread(names: list[str], most: int) -> list[str]:
    """Return at most ``most`` names, evenly spread; all for 0."""
    if not most or len(names) <= most:
        return names
    return [names[i * len(names) // most] for i in range(most)]


if __name__ == "__main__":
    sys.exit(main())
