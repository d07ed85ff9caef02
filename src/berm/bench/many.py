"""Many programs at once: throughput, latency beside others, through HTTP, a class, a submission."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from berm.bench import programs, spawning
from berm.bench.figure import Curve, Figure, median, quantile
from berm.bench.stand import WARM, Stand, cpu_so_far, crowd, sample
from berm.bench.wire import Client, Service
from berm.engine import Engine
from berm.errors import CellError
from berm.judge import Judge, Submission, TestCase, Verdict
from berm.model import MIB

_MS: Final = 1e3
_CLASS: Final = 300
_TESTS: Final = 10
_CLASS_CODE: Final = "n = int(input())\nprint(n * n)\n"
_CALMS: Final = 3.0
_IDLE: Final = 10.0
"""Seconds after the last request, and then of watching what the idle service uses."""

_SAMPLED: Final = 2.0
"""Seconds between two looks at the memory of a service. Each walks through the pages of all its processes."""


async def saturated(stand: Stand) -> None:
    """Four callers for each core: runs a second, and the CPU time of one, all processes together."""
    callers = 4 * stand.cores
    count = max(60, 2 * stand.samples)
    async with Engine(stand.config) as engine:
        await engine.warm(["python"])
        bare = stand.python(engine)
        await crowd(callers, 2 * callers, lambda: sample(engine, programs.PYTHON))
        ours, theirs, our_cpu, their_cpu = [], [], [], []
        for done in range(stand.rounds):
            spent: list[float] = []

            async def spawned(spent: list[float] = spent) -> None:
                spent.append((await stand.bare(bare)).cpu)

            theirs.append(await crowd(callers, count, spawned))
            their_cpu.append(sum(spent) / count * _MS)
            before = cpu_so_far(engine)
            ours.append(await crowd(callers, count, lambda: sample(engine, programs.PYTHON)))
            our_cpu.append((cpu_so_far(engine) - before) / count * _MS)
            stand.step("saturated", done + 1, stand.rounds)
    name = f"Python, tiny, {callers} callers"
    stand.add(
        Figure(
            "saturated", f"{name}: throughput", median(ours), median(theirs), "runs/s", 5.0, True
        )
    )
    note = "cells, fork servers and host together"
    stand.add(
        Figure(
            *("saturated", f"{name}: CPU time of one", median(our_cpu), median(their_cpu), "ms"),
            target=0.3,
            note=note,
        )
    )


async def callers(stand: Stand) -> None:
    """Throughput and latency as the number of callers grows."""
    count = max(40, stand.samples)
    steps = [1, 2, 4, 8, 16, 32]
    async with Engine(stand.config) as engine:
        await engine.warm(["python"])
        bare = stand.python(engine)
        lines: dict[str, list[tuple[float, float]]] = {"Berm": [], "bare": []}
        waits: dict[str, list[tuple[float, float]]] = {"p50": [], "p99": []}
        for done, number in enumerate(steps):
            taken: list[float] = []

            async def one(taken: list[float] = taken) -> None:
                taken.append(await sample(engine, programs.PYTHON) * _MS)

            await crowd(number, number, one)
            taken.clear()
            total = max(count, 4 * number)
            lines["Berm"].append((number, await crowd(number, total, one)))
            lines["bare"].append((number, await crowd(number, total, lambda: stand.bare(bare))))
            waits["p50"].append((number, median(taken)))
            waits["p99"].append((number, quantile(taken, 0.99)))
            stand.step("callers", done + 1, len(steps))
    curves = stand.record.curves
    curves.append(Curve("callers", "Throughput by callers", "callers", "runs/s", lines))
    curves.append(Curve("callers", "Latency by callers", "callers", "ms", waits))


async def load(stand: Stand) -> None:
    """The latency of one caller while others keep the engine busy."""
    async with Engine(stand.config) as engine:
        await engine.warm(["python"])
        calm = [await sample(engine, programs.PYTHON) * _MS for _ in range(stand.samples)]
        busy: list[float] = []
        over = asyncio.Event()

        async def other() -> None:
            while not over.is_set():
                await sample(engine, programs.PYTHON)

        others = [asyncio.create_task(other()) for _ in range(2 * stand.cores)]
        try:
            for done in range(stand.rounds):
                part = max(5, stand.samples // 4)
                busy += [await sample(engine, programs.PYTHON) * _MS for _ in range(part)]
                stand.step("load", done + 1, stand.rounds)
        finally:
            over.set()
            await asyncio.gather(*others)
    beside = f"beside {2 * stand.cores} busy callers"
    stand.add(Figure("load", f"Python, tiny, {beside}: p50", median(busy), median(calm), "ms"))
    ours, theirs = quantile(busy, 0.99), quantile(calm, 0.99)
    stand.add(Figure("load", f"Python, tiny, {beside}: p99", ours, theirs, "ms"))


async def http(stand: Stand) -> None:
    """The tiny Python program through ``POST /execute``, by a client that keeps its connection."""
    async with Engine(stand.config) as engine:
        bare = stand.python(engine)
    with tempfile.TemporaryDirectory() as folder:
        async with Service(Path(folder), stand.config.plan) as service:
            await service.calm()
            client = await service.client()
            for _ in range(WARM):
                await _ask(client)
            ours, theirs = [], []
            for done in range(stand.rounds):
                mine, other = [], []
                for _ in range(stand.samples):
                    other.append(await stand.alone(bare))
                    mine.append(await _ask(client))
                ours.append(median(mine) * _MS)
                theirs.append(median(other) * _MS)
                stand.step("http", done + 1, stand.rounds)
            await client.close()
            await service.calm()  # where it is new, it prepares its toolchains in between
            await asyncio.sleep(_CALMS)
            idle = spawning.cpu_of([service.pid])
            await asyncio.sleep(_IDLE)
            idle = (spawning.cpu_of([service.pid]) - idle) / _IDLE * 100
    name = "Python, tiny, POST /execute: p50"
    stand.add(Figure("http", name, median(ours), median(theirs), "ms", 0.25))
    name = "CPU of the idle service"
    stand.add(Figure("http", name, idle, None, "% of a core", 0.5, compared="none"))


async def _ask(client: Client) -> float:
    began = time.perf_counter()
    passed = await client.execute("python", programs.PYTHON, [(programs.QUESTION, programs.ANSWER)])
    took = time.perf_counter() - began
    if passed != 1:
        raise CellError("A measured submission was not right.")
    return took


async def everybody(stand: Stand) -> None:
    """A class that presses "run" at once: 300 submissions of ten tests, the service on one core."""
    tests = [(f"{n}\n", f"{n * n}\n") for n in range(_TESTS)]
    core = {min(stand.config.processors or {0})}
    with tempfile.TemporaryDirectory() as folder, _away_from(core):
        async with Service(Path(folder), stand.config.plan, core) as service:
            await service.calm()
            clients = [await service.client() for _ in range(_CLASS)]
            peak, unseen = 0, ""
            done = 0

            async def pupil(client: Client, number: int) -> int:
                nonlocal done
                code = f"{_CLASS_CODE}# {number}\n"
                passed = await client.execute("python", code, tests)
                done += 1
                stand.step("class", done, _CLASS)
                return passed

            began = time.perf_counter()
            work = asyncio.gather(*(pupil(client, n) for n, client in enumerate(clients)))
            while not work.done():
                await asyncio.wait([work], timeout=_SAMPLED)
                try:
                    peak = max(peak, await asyncio.to_thread(spawning.memory_of, [service.pid]))
                except CellError as error:
                    unseen = error.summary
            took = time.perf_counter() - began
            answers = work.result()
            for client in clients:
                await client.close()
    wrong = sum(answer != _TESTS for answer in answers)
    what = f"{_CLASS} submissions of {_TESTS} tests at once, one core"
    note = "proportional share (PSS) of the service and all its cells"
    stand.add(Figure("class", what, took, None, "s", 15.0, compared="none"))
    stand.add(Figure("class", f"{what}: not right", wrong, None, "answers", 0.0, compared="none"))
    what = f"{what}: memory"
    if unseen:
        stand.record.skipped[what] = unseen
    else:
        stand.add(Figure("class", what, peak / MIB, None, "MiB", 600, compared="none", note=note))


@contextlib.contextmanager
def _away_from(processors: set[int]) -> Iterator[None]:
    """Keep what asks off the processors of what is measured, where there are others."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before - processors or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


async def submission(stand: Stand) -> None:
    """A submission of ten tests, beside ten bare runs (and for C++ one bare compilation)."""
    tests = [TestCase(f"{n}\n", f"{n + 1}\n") for n in range(_TESTS)]
    rounds = max(5, stand.rounds)
    async with Engine(stand.config) as engine, Judge(engine) as judge:
        await engine.furnish(["cpp"])
        script = stand.python(engine)
        sources = {"python": programs.PYTHON, "cpp": programs.CPP}
        ours: dict[str, list[float]] = {name: [] for name in sources}
        theirs: dict[str, list[float]] = {name: [] for name in sources}
        folder = stand.folder / "submission"
        folder.mkdir(exist_ok=True)
        build = ["g++", "-O2", "-std=c++20", "-o", "main", "main.cpp", "-lm"]
        for done in range(rounds):
            for name, source in sources.items():
                text = f"{source}{'//' if name == 'cpp' else '#'} {done}\n"
                began = time.perf_counter()
                judged = await judge.judge(Submission(text, name), tests)
                ours[name].append(time.perf_counter() - began)
                if judged.verdict is not Verdict.AC:
                    raise CellError(f"A measured submission was {judged.verdict}.")
                began = time.perf_counter()
                command = script
                if name == "cpp":
                    (folder / "main.cpp").write_text(text, "utf-8")
                    await stand.bare(build, folder=folder)
                    command = [str(folder / "main")]
                await asyncio.gather(*(stand.bare(command, f"{n}\n") for n in range(_TESTS)))
                theirs[name].append(time.perf_counter() - began)
            stand.step("submission", done + 1, rounds)
    for name, title in (("python", "Python"), ("cpp", "C++, compiled")):
        mine, other = median(ours[name]) * _MS, median(theirs[name]) * _MS
        note = "bare: all ten at once"
        what = f"{title}, {_TESTS} tests"
        stand.add(Figure("submission", what, mine, other, "ms", note=note))
