"""The judge: verdicts, checkers, interactors, problem packages. ``berm.judge(...)`` judges at once.

The module is the function, too: ``berm.judge`` is where the classes are, and calling it judges one
submission by the engine that :func:`berm.run` uses.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from berm.judge.checkers import NAMED, Checker, HostFunction
from berm.judge.comparison import Comparison, Rule
from berm.judge.judge import Judge, OnEvent, Policy
from berm.judge.judgement import GroupResult, Judgement, Progress, Stage, TestResult
from berm.judge.problem import (
    Aggregate,
    Data,
    DataFile,
    Group,
    Problem,
    TestCase,
    TimeFactor,
    wall_guard,
)
from berm.judge.programs import Convention, JudgeError, JudgeProgram
from berm.judge.submission import Submission
from berm.judge.timing import EXACT, Timing, calibrated
from berm.judge.verdict import Difference, Evidence, Ruling, Verdict

__all__ = [
    "EXACT",
    "NAMED",
    "Aggregate",
    "Checker",
    "Comparison",
    "Convention",
    "Data",
    "DataFile",
    "Difference",
    "Evidence",
    "Group",
    "GroupResult",
    "HostFunction",
    "Judge",
    "JudgeError",
    "JudgeProgram",
    "Judgement",
    "OnEvent",
    "Policy",
    "Problem",
    "Progress",
    "Rule",
    "Ruling",
    "Stage",
    "Submission",
    "TestCase",
    "TestResult",
    "TimeFactor",
    "Timing",
    "Verdict",
    "calibrated",
    "wall_guard",
]


class _Callable(types.ModuleType):
    """A module that can be called, so that ``berm.judge(...)`` stands beside ``berm.run(...)``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Judgement:
        """Judge one submission; see :func:`berm.judge.blocking.judge`."""
        from berm.judge.blocking import judge  # noqa: PLC0415 - starts an engine, when it is used

        return judge(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
