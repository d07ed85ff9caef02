"""One program at a time: each language beside the bare program, compilers, and other sandboxes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Final

from berm.bench import programs, rivals, spawning
from berm.bench.figure import Figure, median, quantile
from berm.bench.stand import WARM, Stand, repeat, sample
from berm.cell.files import File
from berm.engine import Engine
from berm.errors import CellError

_MS: Final = 1e3
_HAS_NUMPY: Final = (
    "import importlib.util, sys; sys.exit(importlib.util.find_spec('numpy') is None)"
)
_FEW: Final = 7
"""Rounds of what takes a second or more each; never fewer than five."""


async def python(stand: Stand) -> None:
    """A tiny Python program, one call after the other."""
    async with Engine(stand.config) as engine:
        await engine.warm(["python"])
        await _pairs(stand, engine, "python", programs.PYTHON, 0.10, 0.35)


async def numpy(stand: Stand) -> None:
    """A Python program that imports numpy, which its fork server has imported already."""
    preload = (*stand.config.preload, "numpy")
    async with Engine(dataclasses.replace(stand.config, preload=preload)) as engine:
        try:
            python, *_ = stand.python(engine, programs.NUMPY)
            spawning.spawn([python, "-I", "-c", _HAS_NUMPY])
        except CellError:
            stand.record.skipped["numpy"] = "The interpreter of the cells has no numpy."
            return
        await engine.warm(["python"])
        await _pairs(stand, engine, "numpy", programs.NUMPY, 0.10, None)


async def _pairs(
    stand: Stand, engine: Engine, measure: str, source: str, middle: float, tail: float | None
) -> None:
    """Alternate cell and bare run, so that what else the machine does weighs on both."""
    bare = stand.python(engine, source)
    for _ in range(WARM):
        await stand.alone(bare)
        await sample(engine, source)
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    for done in range(stand.rounds):
        ours.append([])
        theirs.append([])
        for _ in range(stand.samples):
            theirs[-1].append(await stand.alone(bare))
            ours[-1].append(await sample(engine, source))
        stand.step(measure, done + 1, stand.rounds)

    def figure(name: str, part: float, target: float | None) -> Figure:
        mine = median([quantile(one, part) for one in ours]) * _MS
        other = median([quantile(one, part) for one in theirs]) * _MS
        return Figure(measure, name, mine, other, "ms", target)

    title = "Python, tiny" if measure == "python" else "Python with numpy"
    stand.add(figure(f"{title}: p50", 0.5, middle))
    stand.add(figure(f"{title}: p99", 0.99, tail))


async def native(stand: Stand) -> None:
    """A static C program in a ready cell, beside the same binary spawned."""
    target = stand.folder / "static"
    source = stand.folder / "static.c"
    source.write_text(programs.C, "utf-8")
    spawning.spawn(["gcc", "-O2", "-static", "-o", str(target), str(source)])
    async with Engine(stand.config) as engine:
        program = await engine.prepare(programs.C, "c")
        held = program.bundle
        # The cell gets the very binary that is spawned bare.
        program.bundle = type(held)({"main": File(target.read_bytes(), executable=True)})
        held.close()
        for _ in range(WARM):
            await stand.alone([str(target)])
            await repeat(engine, program)
        ours: list[float] = []
        theirs: list[float] = []
        for done in range(stand.rounds):
            bare, cell = [], []
            for _ in range(stand.samples):
                bare.append(await stand.alone([str(target)]))
                cell.append(await repeat(engine, program))
            ours.append(median(cell) * _MS)
            theirs.append(median(bare) * _MS)
            stand.step("c", done + 1, stand.rounds)
        program.close()
    mine, other = median(ours), median(theirs)
    name = "C, static, compiled: p50"
    stand.add(Figure("c", name, mine, other, "ms", 1.0, compared="difference"))


async def node(stand: Stand) -> None:
    """A tiny JavaScript program; Node has waited for it."""
    await _parked(stand, "node", "javascript", programs.NODE, "main.js", 0.3, [["node", "main.js"]])


async def java(stand: Stand) -> None:
    """A tiny Java program, compiled and run; a compiler and a JVM have waited for it."""
    commands = [["javac", "Main.java"], ["java", "Main"]]
    await _parked(stand, "java", "java", programs.JAVA, "Main.java", 0.35, commands)


async def _parked(
    stand: Stand,
    measure: str,
    language: str,
    source: str,
    name: str,
    target: float,
    commands: Sequence[Sequence[str]],
) -> None:
    folder = stand.folder / measure
    folder.mkdir(exist_ok=True)
    rounds = max(_FEW, stand.rounds)
    ours, theirs = [], []
    async with Engine(stand.config) as engine:
        await engine.furnish([language])
        for done in range(rounds):
            text = f"{source}// {done}\n"  # never compiled before
            (folder / name).write_text(text, "utf-8")
            await engine.parking.settled()
            ours.append(await sample(engine, text, language) * _MS)
            bare = [await stand.bare(command, folder=folder) for command in commands]
            theirs.append(sum(spent.wall for spent in bare) * _MS)
            stand.step(measure, done + 1, rounds)
        hits = engine.parking.hits
    title = {"node": "Node, tiny", "java": "Java, compile and run, tiny"}[measure]
    note = f"{hits} runtimes had waited"
    stand.add(
        Figure(measure, f"{title}: p50", median(ours), median(theirs), "ms", target, note=note)
    )


async def compiling(stand: Stand) -> None:
    """C++ with ``bits/stdc++.h``: compiled for the first time, and seen before."""
    folder = stand.folder / "cpp"
    folder.mkdir(exist_ok=True)
    rounds = max(_FEW, stand.rounds)
    command = ["g++", "-O2", "-std=c++20", "-o", "main", "main.cpp", "-lm"]
    first, again, bare = [], [], []
    async with Engine(stand.config) as engine:
        await engine.furnish(["cpp"])
        for done in range(rounds):
            text = f"{programs.CPP}// {done}\n"
            (folder / "main.cpp").write_text(text, "utf-8")
            first.append(await _compile(engine, text) * _MS)
            again.append(await _compile(engine, text) * _MS)
            bare.append((await stand.bare(command, folder=folder)).wall * _MS)
            stand.step("cpp", done + 1, rounds)
    theirs = median(bare)
    stand.add(Figure("cpp", "C++, bits/stdc++.h -O2: first", median(first), theirs, "ms", 0.3))
    stand.add(Figure("cpp", "the same, seen before", median(again), theirs, "ms", 0.02))


async def _compile(engine: Engine, source: str) -> float:
    began = time.perf_counter()
    program = await engine.prepare(source, "cpp")
    took = time.perf_counter() - began
    if not program.ok:
        raise CellError("A measured C++ program does not compile.")
    program.close()
    return took


async def against(stand: Stand, names: Sequence[str]) -> None:
    """The tiny Python program in other sandboxes, as their users start them."""
    async with Engine(stand.config) as engine:
        await engine.warm(["python"])
        bare = stand.python(engine)
        # What runs inside of the others must be where they show the program.
        places = {"bwrap": "/work/main.py"}
        runs: dict[str, Callable[[], spawning.Spent]] = {}
        for name in names:
            words = rivals.command(name, str(stand.folder))
            inner = [*bare[:2], places.get(name, bare[2])]
            runs[name] = _spawner([*words, *inner])
        for name, run in list(runs.items()):
            try:
                answer = run().stdout
            except (CellError, OSError) as error:
                stand.record.skipped[f"against {name}"] = str(error)
                del runs[name]
                continue
            if answer != programs.ANSWER.encode():
                stand.record.skipped[f"against {name}"] = "Its program was not right."
                del runs[name]
        ours: list[float] = []
        walls: dict[str, list[float]] = {name: [] for name in runs}
        for done in range(stand.rounds):
            for _ in range(max(5, stand.samples // 4)):
                ours.append(await sample(engine, programs.PYTHON) * _MS)
                for name, run in runs.items():
                    walls[name].append(run().wall * _MS)
            stand.step("against", done + 1, stand.rounds)
    for name, seconds in walls.items():
        title = f"Python, tiny: beside {name}"
        stand.add(Figure("against", title, median(ours), median(seconds), "ms"))


def _spawner(command: Sequence[str]) -> Callable[[], spawning.Spent]:
    return lambda: spawning.spawn(command, programs.QUESTION.encode())
