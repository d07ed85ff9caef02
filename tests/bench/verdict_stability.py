"""How often the verdict on a program near its time limit flips on a busy machine, before and after the rule.

    .venv/bin/python tests/bench/verdict_stability.py [--judgings 1000] [--load 2] [--pin] [--minutes 60]

The program is first measured alone: about 0.2 s. Then time limits are set so that it is by 3 % and by 8 % in time,
and by 8 % and by 30 % too slow, and it is judged again and again, a judging of each in turn, while LOAD other
submissions run at a time. A judging flips if its verdict is not the one that the program deserves. The first run of
each judging is the verdict without the rule; the judge's own word is the verdict with it. When the minutes are over,
what was judged so far counts.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import statistics
import time
from typing import ClassVar

import berm
from berm.judge import Judge, Problem, Submission, TestCase, Timing, Verdict

WORK = """
#include <cstdio>
#include <vector>
int main() {
    std::vector<unsigned> table(1 << 20);
    unsigned x = 1;
    for (int i = 0; i < 80000000; i++) {
        x = x * 1664525u + 1013904223u;
        table[x >> 12] += x;
    }
    std::printf("%u\\n", table[7] & 1);
}
"""
LOAD = """
#include <cstdio>
#include <vector>
int main() {
    std::vector<char> table(16 << 20, 1);
    unsigned x = 1, sum = 0;
    for (int i = 0; i < 30000000; i++) {
        x = x * 1103515245u + 12345u;
        sum += table[x >> 8] ^= 1;
    }
    std::printf("%u\\n", sum & 1);
}
"""
"""What the machine is kept busy with: other submissions, that walk through memory."""

MARGINS = {"8 % in time": 0.92, "3 % in time": 0.97, "8 % too slow": 1.08, "30 % too slow": 1.30}


class Recorder(Timing):
    """The judge's timing, which writes down what the first run of each judging would have been."""

    first: ClassVar[list[float]] = []

    def doubtful(self, result, limits):
        """Note the run, and leave the decision to the rule."""
        Recorder.first.append(result.usage.cpu_time)
        return super().doubtful(result, limits)


async def burn(engine: berm.Engine) -> None:
    """Run one submission after another, as a contest does. They wait while a run is repeated alone."""
    program = await engine.prepare(LOAD, "cpp")
    while True:
        await engine.execute(program, limits=berm.Limits(cpu_time=60, wall_time=600))


async def alone(engine: berm.Engine, runs: int = 100) -> float:
    """Return the median CPU time of the program while nothing else runs."""
    program = await engine.prepare(WORK, "cpp")
    times = [
        (
            await engine.execute(program, limits=berm.Limits(wall_time=60, cpu_time=60))
        ).usage.cpu_time
        for _ in range(runs)
    ]
    program.close()
    spread = (max(times) - min(times)) / statistics.median(times)
    print(f"alone: median {statistics.median(times):.4f} s, spread {spread:.1%} of {runs} runs")
    return statistics.median(times)


async def measure(
    judgings: int, load: int, minutes: float, *, pin: bool
) -> dict[str, dict[str, int]]:
    """Judge, and count the flips."""
    found = {
        name: dict.fromkeys(("judgings", "flips_before", "flips_after", "repeated"), 0)
        for name in MARGINS
    }
    config = dataclasses.replace(berm.Config.load(), pin=pin, runs_at_a_time=load + 1)
    async with berm.Engine(config) as engine, Judge(engine, timing=Recorder()) as judge:
        needed = await alone(engine)
        crowd = [asyncio.create_task(burn(engine)) for _ in range(load)]
        deadline = time.monotonic() + 60 * minutes
        try:
            for _ in range(judgings // len(MARGINS)):
                for name, part in MARGINS.items():
                    await judge_once(judge, max(0.01, needed / part), part < 1, found[name])
                if time.monotonic() > deadline:
                    break
        finally:
            for task in crowd:
                task.cancel()
            await asyncio.gather(*crowd, return_exceptions=True)
    return found


async def judge_once(judge: Judge, limit: float, in_time: bool, row: dict[str, int]) -> None:
    """Judge the program once by a limit, and count."""
    deserved = Verdict.AC if in_time else Verdict.TLE
    problem = Problem(
        [TestCase()],
        berm.Limits(cpu_time=limit, wall_time=min(600.0, 60 * limit + 10)),
        checker=lambda *_: True,
    )
    Recorder.first.clear()
    judgement = await judge.judge(Submission(WORK, "cpp"), problem)
    slow = Recorder.first[0] > limit
    row["judgings"] += 1
    row["flips_before"] += (Verdict.TLE if slow else Verdict.AC) is not deserved
    row["flips_after"] += judgement.verdict is not deserved
    row["repeated"] += judgement.reruns


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--judgings", type=int, default=1000)
    parser.add_argument("--load", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--pin", action="store_true", help="one processor for each program")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = asyncio.run(measure(args.judgings, args.load, args.minutes, pin=args.pin))
    for name, row in () if args.json else found.items():
        print(f"{name:>15}: {row}")
    total = {key: sum(row[key] for row in found.values()) for key in next(iter(found.values()))}
    print(json.dumps({**found, "all": total}, indent=2) if args.json else f"all: {total}")


if __name__ == "__main__":
    main()
