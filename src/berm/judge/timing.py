"""Timing that can be trusted: when a run is repeated alone before it is called too slow. Pure.

CPU time comes from the kernel for the whole process tree. Even so it grows on a busy machine: caches
and memory are shared, and two threads of one core make each other half as slow again. So a program may
run for longer than its limit, what it needed is measured, and one that was over by no more than the
margin runs once more while nothing else does.
"""

from __future__ import annotations

import dataclasses
import math

from berm.judge.verdict import is_idle
from berm.model import Limits, OutcomeKind, RunResult


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """How near the limit a run is repeated, and how often.

    Attributes:
        margin: part of the limit; 0.1 repeats what took up to a tenth too long, the usual advice, which
            sees little of what programs beside it do to a time. 0 repeats nothing, and ends runs at
            the limit itself.
        slack: seconds that count as near in any case. What a start costs on a busy machine varies by
            milliseconds, which is much of a limit of a tenth of a second.
        reruns: repetitions that one judging may have at most, because nothing else runs meanwhile.
    """

    margin: float = 0.6
    slack: float = 0.03
    reruns: int = 3

    def run_limits(self, limits: Limits) -> Limits:
        """Return the limits to run with: some more CPU time, so that what is needed shows."""
        if not self.margin:
            return limits
        cpu = min(600.0, self._near(limits))
        return dataclasses.replace(limits, cpu_time=cpu)

    def doubtful(self, result: RunResult, limits: Limits) -> bool:
        """Tell whether a run that was too slow may have been so because the machine was busy.

        Either its CPU time was over the limit by at most the margin, or it met the guard on real time
        although it computed: then it did not get a processor.
        """
        if not self.margin:
            return False
        if result.outcome.kind is OutcomeKind.WALL_LIMIT:
            return not is_idle(result)
        used = result.usage.cpu_time
        if result.outcome.kind is OutcomeKind.CPU_LIMIT:
            # Ended past the margin: the watchdog looks every few milliseconds, so by a little.
            return False
        return limits.cpu_time < used <= self._near(limits)

    def _near(self, limits: Limits) -> float:
        """Return the CPU time up to which a run is near its limit."""
        return max(limits.cpu_time * (1 + self.margin), limits.cpu_time + self.slack)


EXACT = Timing(margin=0.0, reruns=0)
"""No margin and no repetition: a run ends at its limit."""


def calibrated(accepted: float, *, factor: float = 2.0, resolution: float = 1.0) -> float:
    """Return a time limit in seconds for the slowest accepted run: ``factor`` times that, rounded up.

    By the package format, "Problem timing": the smallest multiple of the resolution.
    """
    steps = math.ceil(round(accepted * factor / resolution, 9))
    return round(max(1, steps) * resolution, 9)
