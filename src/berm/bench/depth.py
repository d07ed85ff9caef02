"""What a cell is made of: its memory, the cost of each layer, and how costs grow."""

from __future__ import annotations

import asyncio
import dataclasses
import statistics
import time
from typing import Final

from berm.bench import programs, spawning
from berm.bench.figure import Curve, Figure, median, quantile
from berm.bench.stand import WARM, Stand, cpu_so_far, crowd, repeat, sample
from berm.engine import Engine
from berm.errors import BermError, CellError
from berm.judge import Judge, Submission, TestCase, Verdict
from berm.model import KIB, MIB, Limits
from berm.policy.layers import LAYERS

_MS: Final = 1e3
_US: Final = 1e6
_ALWAYS: Final = frozenset(("uid", "agent", "watchdog", "seccomp", "cgroup"))
"""Never switched off here: no program runs as root, unwatched, or where it could leave anything; the
cost of seccomp is in every call of a program and not to be seen beside a run."""

_STANDS_TOGETHER: Final = ("mount-namespace", "pivot-root", "pid-namespace")
"""Without one of them, the others cannot do their work: switched off together."""


async def memory(stand: Stand) -> None:
    """What is held while nobody asks: a fork server, and each parked cell beside it."""
    config = dataclasses.replace(stand.config, pool_floor=8, pool_ceiling=8)
    async with Engine(config) as engine:
        await engine.warm(["python"])
        await sample(engine, programs.PYTHON)
        await asyncio.sleep(0.5)
        pool = next(pool for pool in engine.pools if pool.plan.runtime.in_process)
        with_cells, cells = spawning.memory_of([pool.server_pid]), pool.parked
    config = dataclasses.replace(stand.config, pool_floor=0, pool_ceiling=0)
    async with Engine(config) as engine:
        await sample(engine, programs.PYTHON)
        await asyncio.sleep(0.5)
        pool = next(pool for pool in engine.pools if pool.plan.runtime.in_process)
        without = spawning.memory_of([pool.server_pid])
    stand.step("memory", 1, 1)
    name = "Python: fork server, no cell"
    stand.add(Figure("memory", name, without / MIB, None, "MiB", compared="none"))
    each = (with_cells - without) / max(1, cells) / MIB
    name = f"Python: each of {cells} parked cells"
    stand.add(Figure("memory", name, each, None, "MiB", compared="none"))


async def layers(stand: Stand) -> None:
    """Microseconds that each layer adds to the CPU time of one run: with all, and without it.

    The two engines take turns; only the benchmark's own program runs in them.
    """
    async with Engine(stand.config) as engine:
        in_force = engine.enforcement("python").layers
    chosen = [name for name in LAYERS if name in in_force and name not in _ALWAYS]
    groups: list[tuple[str, ...]] = []
    for name in chosen:
        group = tuple(n for n in _STANDS_TOGETHER if n in in_force)
        groups.append(group if name in _STANDS_TOGETHER else (name,))
    unique = list(dict.fromkeys(groups))
    count = max(40, stand.samples)
    async with Engine(stand.config) as whole:
        await whole.warm(["python"])
        for done, off in enumerate(unique):
            config = dataclasses.replace(stand.config, ablate=off, require=())
            name = " + ".join(off)
            try:
                cost = await _cost(stand, whole, Engine(config), count)
            except BermError as error:
                stand.record.skipped[f"layer {name}"] = error.summary
            else:
                note = "CPU time with all layers, beside that without it"
                if "pid-namespace" in off:
                    note += "; without them an agent per run gathers its processes"
                with_it, without = (part * _US for part in cost)
                stand.add(
                    Figure(
                        *("layers", name, with_it, without, "µs"),
                        compared="difference",
                        note=note,
                    )
                )
            stand.step("layers", done + 1, len(unique))


async def _cost(stand: Stand, whole: Engine, part: Engine, count: int) -> tuple[float, float]:
    """Return the CPU seconds of a run in each of two engines, medians of the rounds."""
    taken: tuple[list[float], list[float]] = ([], [])
    async with part:
        await part.warm(["python"])
        for _ in range(WARM):
            await sample(part, programs.PYTHON)
        for _ in range(max(5, stand.rounds)):
            for engine, found in zip((whole, part), taken, strict=True):
                before = cpu_so_far(engine)

                async def one(engine: Engine = engine) -> None:
                    await sample(engine, programs.PYTHON)

                await crowd(2, count, one)
                found.append((cpu_so_far(engine) - before) / count)
    return median(taken[0]), median(taken[1])


async def growth(stand: Stand) -> None:
    """How time grows with the tests of a submission, with its output, and with the pool."""
    await _by_tests(stand)
    stand.step("growth", 1, 3)
    await _by_output(stand)
    stand.step("growth", 2, 3)
    await _by_pool(stand)
    stand.step("growth", 3, 3)


async def _by_tests(stand: Stand) -> None:
    line: list[tuple[float, float]] = []
    async with Engine(stand.config) as engine, Judge(engine) as judge:
        await engine.warm(["python"])
        for number in (1, 2, 5, 10, 20, 50, 100):
            tests = [TestCase(f"{n}\n", f"{n + 1}\n") for n in range(number)]
            times = []
            for _ in range(max(3, stand.rounds // 2)):
                began = time.perf_counter()
                judged = await judge.judge(Submission(programs.PYTHON, "python"), tests)
                times.append(time.perf_counter() - began)
                if judged.verdict is not Verdict.AC:
                    raise CellError(f"A measured submission was {judged.verdict}.")
            line.append((number, median(times) * _MS))
    lines = {"one submission": line}
    stand.record.curves.append(Curve("growth", "A submission by tests", "tests", "ms", lines))


async def _by_output(stand: Stand) -> None:
    line: list[tuple[float, float]] = []
    async with Engine(stand.config) as engine:
        await engine.warm(["python"])
        program = await engine.prepare(programs.ECHO)
        limits = Limits(output=16 * MIB)
        for size in (0, KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB):
            times = []
            for _ in range(max(5, stand.rounds)):
                began = time.perf_counter()
                result = await engine.execute(program, f"{size}\n", limits=limits)
                times.append(time.perf_counter() - began)
                if len(result.stdout) != size:
                    raise CellError(f"A measured program printed {len(result.stdout)} bytes.")
            line.append((size / KIB, median(times) * _MS))
        program.close()
    lines = {"one run": line}
    stand.record.curves.append(Curve("growth", "A run by its output", "KiB", "ms", lines))


async def _by_pool(stand: Stand) -> None:
    """A burst of eight, met by pools that keep more and more cells."""
    lines: dict[str, list[tuple[float, float]]] = {"p50": [], "slowest": []}
    for size in (0, 1, 2, 4, 8):
        config = dataclasses.replace(stand.config, pool_floor=size, pool_ceiling=size)
        middle, worst = [], []
        async with Engine(config) as engine:
            await engine.warm(["python"])
            program = await engine.prepare(programs.PYTHON)
            for _ in range(max(5, stand.rounds)):
                await asyncio.sleep(0.2)
                burst = await asyncio.gather(*(repeat(engine, program) for _ in range(8)))
                middle.append(median(burst) * _MS)
                worst.append(max(burst) * _MS)
            program.close()
        lines["p50"].append((size, median(middle)))
        lines["slowest"].append((size, median(worst)))
    title = "A burst of eight runs by parked cells"
    stand.record.curves.append(Curve("growth", title, "cells parked", "ms", lines))


async def steadiness(stand: Stand) -> None:
    """One program a hundred times: how far its CPU time, by which it is judged, spreads."""
    runs = 100
    times: list[float] = []
    async with Engine(stand.config) as engine:
        program = await engine.prepare(programs.WORK, "c")
        await engine.execute(program)
        for done in range(runs):
            result = await engine.execute(program)
            if not result.outcome.ok:
                raise CellError(f"A measured program ended with {result.outcome}.")
            times.append(result.usage.cpu_time * _MS)
            stand.step("steadiness", done + 1, runs)
        program.close()
    middle = median(times)
    for name, value in (
        ("standard deviation", statistics.stdev(times) / middle),
        ("p99 above the median", quantile(times, 0.99) / middle - 1),
        ("slowest above the quickest", max(times) / min(times) - 1),
    ):
        what = f"C, {middle:.0f} ms of CPU time, {runs} runs: {name}"
        stand.add(Figure("steadiness", what, value * 100, None, "%", compared="none"))
