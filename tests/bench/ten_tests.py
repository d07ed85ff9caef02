"""What judging costs beyond the work itself: a C++ submission of ten tests beside its own parts.

    .venv/bin/python -m tests.bench.ten_tests [--rounds 7] [--tests 10] [--seconds 0.15]

Each round takes a submission that was not seen before. First its parts: one compilation, and each test alone
in the best possible order of work, one after the other; from them comes the slowest schedule of the tests in
their order on the processors. Then, compiled anew, the whole is judged. Both are taken in turns, so that
whatever else the machine does weighs on both; the median of the rounds' ratios counts. Promised: 1.2.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import os
import statistics
import time
from collections.abc import Sequence

import berm
from berm.judge import Judge, Problem, Submission, TestCase

SOURCE = """
#include <bits/stdc++.h>
// round %d, %s
int main() {
    double seconds;
    std::cin >> seconds;
    unsigned x = 1;
    for (long i = 0; i < seconds * 4e8; i++) x = x * 1664525u + 1013904223u;
    std::cout << (x == 7 ? "no" : "yes") << "\\n";
}
"""
LIMITS = berm.Limits(cpu_time=60, wall_time=120)


def schedule(seconds: Sequence[float], processors: int) -> float:
    """Return how long tests take that are handed out in their order to so many processors."""
    free = [0.0] * processors
    for one in seconds:
        heapq.heappush(free, heapq.heappop(free) + one)
    return max(free)


async def parts(engine: berm.Engine, source: str, tests: Sequence[TestCase]) -> tuple[float, float]:
    """Return the seconds of the compilation, and of the schedule of the tests."""
    began = time.perf_counter()
    program = await engine.prepare(source, "cpp")
    compiled = time.perf_counter() - began
    assert program.ok, program.compile
    taken = []
    for test in tests:
        began = time.perf_counter()
        result = await engine.execute(program, str(test.input), limits=LIMITS)
        taken.append(time.perf_counter() - began)
        assert result.text == "yes\n", result
    program.close()
    return compiled, schedule(taken, engine.config.concurrency)


async def measure(rounds: int, count: int, seconds: float) -> dict[str, object]:
    """Measure the rounds."""
    tests = [TestCase(f"{seconds * (1 + index % 3) / 2:.3f}", "yes") for index in range(count)]
    rows = []
    async with berm.Engine() as engine, Judge(engine) as judge:
        await engine.furnish(["cpp"])
        for number in range(rounds + 1):
            compiled, ran = await parts(engine, SOURCE % (number, "parts"), tests)
            before = engine.cache.misses
            began = time.perf_counter()
            judgement = await judge.judge(
                Submission(SOURCE % (number, "whole"), "cpp"), Problem(tests, LIMITS)
            )
            whole = time.perf_counter() - began
            assert judgement.accepted, judgement
            compilations = engine.cache.misses - before
            assert compilations == 1, compilations
            if number:  # the first one warms
                rows.append((compiled, ran, whole, whole / (compiled + ran)))
    ratios = [row[3] for row in rows]
    return {
        "tests": count,
        "rounds": rounds,
        "processors": len(os.sched_getaffinity(0)),
        "compilations_each": 1,
        "compile_s": round(statistics.median(row[0] for row in rows), 3),
        "schedule_s": round(statistics.median(row[1] for row in rows), 3),
        "judged_s": round(statistics.median(row[2] for row in rows), 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tests", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0.15, help="CPU time of a test, about.")
    args = parser.parse_args()
    print(json.dumps(asyncio.run(measure(args.rounds, args.tests, args.seconds)), indent=2))


if __name__ == "__main__":
    main()
