"""The stand on which everything is measured: an engine, a folder, bare programs, and what was found."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from berm.bench import programs, spawning
from berm.bench.figure import Figure, Record
from berm.config import Config
from berm.engine import Engine
from berm.errors import CellError
from berm.program import Program

Step = Callable[[str, int, int], None]
"""Called with a measure, what is done of it, and how much there is to do."""

WARM: Final = 5
"""Runs before anything counts."""


class Stand:
    """What the measures share.

    Attributes:
        rounds: how often each comparison is repeated; figures are medians of the rounds.
        samples: runs of a tiny program in each round.
        folder: a directory for bare programs.
    """

    def __init__(
        self, config: Config, record: Record, folder: Path, rounds: int, samples: int, step: Step
    ) -> None:
        self.config = config
        self.record = record
        self.folder = folder
        self.rounds = rounds
        self.samples = samples
        self._step = step
        self.cores = len(os.sched_getaffinity(0))
        self.threads = concurrent.futures.ThreadPoolExecutor(max_workers=64)

    def step(self, measure: str, done: int, of: int) -> None:
        """Tell how far a measure is."""
        self._step(measure, done, of)

    def add(self, figure: Figure) -> None:
        """Keep a figure."""
        self.record.figures.append(figure)

    async def bare(
        self,
        argv: Sequence[str],
        stdin: str = programs.QUESTION,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> spawning.Spent:
        """Run a bare program in a thread, so that others can run beside it."""
        loop = asyncio.get_running_loop()
        data = stdin.encode()
        return await loop.run_in_executor(
            self.threads, lambda: spawning.spawn(argv, data, folder, env)
        )

    async def alone(self, argv: Sequence[str], stdin: str = programs.QUESTION) -> float:
        """Run a bare program that answers the question; return its seconds.

        In a thread: meanwhile the engine replaces the cell that it gave out last, as between the
        requests of a service.
        """
        spent = await self.bare(argv, stdin)
        if spent.stdout != programs.ANSWER.encode():
            raise CellError(f"{argv[0]} printed {spent.stdout[:100]!r}.")
        return spent.wall

    def python(self, engine: Engine, source: str = programs.PYTHON) -> list[str]:
        """Return the command of a bare run of a Python program: the interpreter that cells use."""
        tools = engine.registry.get("python").tool_paths.values()
        script = self.folder / "main.py"
        script.write_text(source, "utf-8")
        return [str(next(iter(tools))), "-I", str(script)]


async def sample(engine: Engine, source: str, language: str = "python") -> float:
    """Run a program that answers the question, from its source; return its seconds."""
    began = time.perf_counter()
    result = await engine.run(source, language, stdin=programs.QUESTION)
    took = time.perf_counter() - began
    if result.text != programs.ANSWER:
        raise CellError(f"A measured {language} program was not right: {result.outcome}.")
    return took


async def repeat(engine: Engine, program: Program) -> float:
    """Run a prepared program that answers the question; return its seconds."""
    began = time.perf_counter()
    result = await engine.execute(program, programs.QUESTION)
    took = time.perf_counter() - began
    if result.text != programs.ANSWER:
        raise CellError(f"A measured program was not right: {result.outcome}.")
    return took


async def crowd(callers: int, count: int, work: Callable[[], Awaitable[object]]) -> float:
    """Do ``work`` ``count`` times, ``callers`` at a time; return how often a second."""
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            await work()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return count / (time.perf_counter() - began)


def cpu_so_far(engine: Engine) -> float:
    """Return the CPU seconds that the engine has used: this process, fork servers, cells."""
    return time.process_time() + spawning.cpu_of(
        pool.server_pid for pool in engine.pools if pool.server_pid
    )
