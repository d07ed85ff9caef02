"""Programs of the judge's own: checkers and interactors, each run in a cell by itself.

They are the problem's, and no less strange for that: a problem package may come from anybody, and a
checker reads what a stranger's program wrote. So they get cells as everybody does, and never the one
of a submission.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import enum
from collections.abc import Mapping
from typing import Final

from berm.engine import Engine
from berm.errors import BermError
from berm.judge.verdict import compile_reason
from berm.model import MIB, Limits
from berm.program import Content, Program

_KEPT: Final = 64
"""Compiled checkers and interactors kept, the ones used last."""

JUDGE_LIMITS: Final = Limits(
    cpu_time=60.0,
    wall_time=120.0,
    memory=2048 * MIB,
    processes=16,
    open_files=256,
    file_size=64 * MIB,
    disk=512 * MIB,
    output=1 * MIB,
)
"""What a checker or an interactor may use: the package format's "typical system default"."""


class Convention(enum.StrEnum):
    """How a judge's program is called, and how it says what it found."""

    ICPC = "icpc"
    """``program input answer feedback_dir/ [args] < output``; exit code 42 accepts, 43 rejects."""
    TESTLIB = "testlib"
    """``program input output answer [args]``; exit codes 0 accepts, 1, 2, 4 and 8 reject, 3 fails, 7 gives
    points, and ``partially correct (N)`` on stderr N percent of them. An interactor: the same with its log
    in the place of the output."""
    FUNCTION = "function"
    """A Python file with ``check(process_output, judge_output, **kwargs)``, as DMOJ calls it."""


@dataclasses.dataclass(frozen=True, eq=False)
class JudgeProgram:
    """The source of a checker or interactor.

    Attributes:
        source: its main file.
        language: a name or alias of a language.
        convention: how it is called.
        entry: its main file's name, None for the language's usual one.
        files: its other files.
        args: its arguments, after those of the convention.
        limits: what it may use.
    """

    source: Content
    language: str
    convention: Convention = Convention.ICPC
    entry: str | None = None
    files: Mapping[str, Content] = dataclasses.field(default_factory=dict)
    args: tuple[str, ...] = ()
    limits: Limits = JUDGE_LIMITS


class JudgeError(BermError):
    """A checker or an interactor failed: the test is IE, whatever the submission did."""


class Workshop:
    """Compiles judges' programs once, and keeps them.

    A program that is dropped is closed when the last run of it lets it go.
    """

    def __init__(self, engine: Engine) -> None:
        """Compile with ``engine``."""
        self._engine = engine
        self._made: collections.OrderedDict[JudgeProgram, asyncio.Task[Program]] = (
            collections.OrderedDict()
        )

    async def program(self, wanted: JudgeProgram) -> Program:
        """Return the program, ready to run.

        Raises:
            JudgeError: it does not compile, or its language is missing.
        """
        task = self._made.get(wanted)
        if task is None or task.cancelled() or (task.done() and task.exception() is not None):
            task = asyncio.get_running_loop().create_task(self._make(wanted))
            self._made[wanted] = task
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(wanted)
        return await asyncio.shield(task)

    async def _make(self, wanted: JudgeProgram) -> Program:
        source, entry, files = wanted.source, wanted.entry, dict(wanted.files)
        if wanted.convention is Convention.FUNCTION:
            files[CHECK_MODULE] = source
            source, entry = DRIVER, None
        try:
            program = await self._engine.prepare(
                source, wanted.language, files, wanted.limits, entry=entry, analysis="off"
            )
        except BermError as error:
            raise JudgeError(
                f"The judge's program cannot be used: {error.summary}", remedy=error.remedy
            ) from error
        if not program.ok:
            assert program.compile is not None  # noqa: S101 - what failed to compile has a result
            said = program.compile.stderr[-2000:].decode("utf-8", "replace")
            raise JudgeError(
                "The judge's program does not compile.",
                meaning=said or compile_reason(program.compile),
            )
        return program

    async def close(self) -> None:
        """Let every program go."""
        tasks = list(self._made.values())
        self._made.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


CHECK_MODULE: Final = "berm_check.py"
DRIVER: Final = b"""\
import inspect, json, sys

sys.path.insert(0, "")
import berm_check

judge = open("test/answer", "rb").read()
given = dict(
    process_output=sys.stdin.buffer.read(),
    judge_output=judge,
    judge_input=open("test/input", "rb").read(),
    point_value=float(sys.argv[1]),
    submission_source=b"",
    execution_time=0.0,
)
found = berm_check.check(**given) if any(
    p.kind is p.VAR_KEYWORD for p in inspect.signature(berm_check.check).parameters.values()
) else berm_check.check(given["process_output"], judge)
if isinstance(found, (bool, int)):
    passed, points, feedback = bool(found), None, ""
elif isinstance(found, float):
    passed, points, feedback = found > 0, found, ""
else:
    passed, points = bool(found.passed), getattr(found, "points", None)
    feedback = str(getattr(found, "feedback", "") or "")
with open("feedback/verdict.json", "w") as stream:
    json.dump({"passed": passed, "points": points, "feedback": feedback}, stream)
"""
"""What stands around a Python function in its cell. What the function prints is not its verdict."""
