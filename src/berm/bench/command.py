"""Taking the measures, one after the other, on a machine that should do nothing else meanwhile."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import berm
from berm.bench import depth, many, single
from berm.bench.figure import Record
from berm.bench.stand import Stand, Step
from berm.config import Config
from berm.engine import Engine
from berm.errors import BermError, InputError

MEASURES: Final[Mapping[str, tuple[Callable[[Stand], Awaitable[None]], tuple[str, ...], str]]] = {
    "python": (single.python, ("python",), "a tiny Python program, one after the other"),
    "saturated": (many.saturated, ("python",), "the same, four callers for each core"),
    "http": (many.http, ("python",), "the same through POST /execute; the idle service"),
    "numpy": (single.numpy, ("python",), "the same with numpy"),
    "c": (single.native, ("c",), "a static C program in a ready cell"),
    "node": (single.node, ("javascript",), "a tiny JavaScript program"),
    "java": (single.java, ("java",), "a tiny Java program, compiled and run"),
    "cpp": (single.compiling, ("cpp",), "compiling bits/stdc++.h: first, and seen before"),
    "submission": (many.submission, ("python", "cpp"), "submissions of ten tests"),
    "class": (many.everybody, ("python",), "300 submissions at once, one core, HTTP"),
    "load": (many.load, ("python",), "latency beside busy callers"),
    "callers": (many.callers, ("python",), "throughput and latency by callers"),
    "memory": (depth.memory, ("python",), "memory of fork servers and parked cells"),
    "layers": (depth.layers, ("python",), "what each layer costs"),
    "growth": (depth.growth, ("python",), "by tests, output and parked cells"),
    "steadiness": (depth.steadiness, ("c",), "how far the CPU time of one program spreads"),
}
"""Measure → what takes it, the languages it needs, and what it is."""


def wanted(names: Sequence[str]) -> Sequence[str]:
    """Return the measures to take, all by default; raises :class:`InputError` for an unknown one."""
    for name in names:
        if name not in MEASURES:
            raise InputError(
                f"There is no measure {name!r}.", remedy=f"Known: {', '.join(MEASURES)}."
            )
    return [name for name in MEASURES if name in names or not names]


async def take(
    config: Config,
    names: Sequence[str],
    rivals: Sequence[str],
    *,
    rounds: int,
    samples: int,
    step: Step,
) -> Record:
    """Take measures; what cannot be taken here is told in the record, with the reason.

    Raises :class:`berm.IsolationError` where the machine cannot hold a required guarantee: what is
    measured is always the whole thing.
    """
    async with Engine(config) as engine:
        promise = engine.enforcement("python")
        there = {language.name for language in engine.registry.available()}
    record = Record(_machine(promise.plan, promise.layers, rounds, samples))
    with tempfile.TemporaryDirectory(prefix="berm-bench-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 - programs of other uids are read there
        stand = Stand(config, record, Path(folder), rounds, samples, step)
        try:
            for name in names:
                measure, needs, _ = MEASURES[name]
                lacking = [language for language in needs if language not in there]
                if lacking:
                    record.skipped[name] = f"No toolchain for {', '.join(lacking)} here."
                    continue
                try:
                    await measure(stand)
                except (BermError, OSError) as error:
                    record.skipped[name] = f"It failed: {error}"
            if rivals:
                await single.against(stand, rivals)
        finally:
            stand.threads.shutdown(wait=False)
    return record


def _machine(plan: str, layers: Sequence[str], rounds: int, samples: int) -> dict[str, Any]:
    return {
        "version": berm.__version__,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "user": os.geteuid(),
        "load": round(os.getloadavg()[0], 2),
        "plan": plan,
        "layers": list(layers),
        "rounds": rounds,
        "samples": samples,
    }
