"""How a run ended, decided from what the kernel and the agent said. Pure.

The program's own words never decide alone: a runtime's out-of-memory message on stderr turns a
failure into ``memory_limit`` only beside a failure, and can at most hurt the program that
printed it.
"""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Sequence

from berm.model import Limits, Outcome, OutcomeKind, Usage

NEAR_LIMIT = 0.95
"""A failed program whose peak reached this part of its memory limit ended because of it: an
allocation was refused by RLIMIT_DATA, which leaves no event behind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """What the agent reported about the end of a run.

    Attributes:
        status: the main process's wait status, as ``wait4`` gives it.
        stopped_by: why Berm ended it: ``cpu``, ``wall``, ``memory``, ``processes``, ``host``
            or None if it ended by itself.
        usage: what the tree used.
        oom_kills: out-of-memory kills that the cgroup counted, 0 without a cgroup.
        forks_refused: forks that the cgroup refused, 0 without a cgroup. The ceiling is one
            above the limit, so that a program at its limit is not refused.
    """

    status: int
    stopped_by: str | None
    usage: Usage
    oom_kills: int = 0
    forks_refused: int = 0


_STOPPED = {
    "cpu": OutcomeKind.CPU_LIMIT,
    "wall": OutcomeKind.WALL_LIMIT,
    "memory": OutcomeKind.MEMORY_LIMIT,
    "processes": OutcomeKind.PROCESS_LIMIT,
    "disk": OutcomeKind.FILE_LIMIT,
}


def decide(
    ending: Ending,
    limits: Limits,
    *,
    flooded: bool,
    memory_ceiling: int,
    stderr_tail: bytes = b"",
    memory_markers: Sequence[bytes] = (),
) -> Outcome:
    """Return the outcome of a run.

    Args:
        ending: what the agent said.
        limits: the run's limits.
        flooded: True if the host ended the run because of its output.
        memory_ceiling: bytes that the tree could use, the runtime's own allowance included.
        stderr_tail: the last bytes that the program wrote on stderr.
        memory_markers: what the runtime prints when memory ran out.
    """
    exit_code, number = _decode(ending.status)
    if flooded:
        return Outcome(OutcomeKind.OUTPUT_LIMIT, exit_code, number)
    if ending.stopped_by in _STOPPED:
        return Outcome(_STOPPED[ending.stopped_by], exit_code, number)
    if ending.oom_kills:
        return Outcome(OutcomeKind.MEMORY_LIMIT, exit_code, number)
    over_cpu = ending.usage.cpu_time >= limits.cpu_time
    if number == signal.SIGXCPU or (number == signal.SIGKILL and over_cpu):
        return Outcome(OutcomeKind.CPU_LIMIT, exit_code, number)
    if number == signal.SIGXFSZ:
        return Outcome(OutcomeKind.FILE_LIMIT, exit_code, number)
    failed = number is not None or exit_code != 0
    if failed and ending.forks_refused:
        return Outcome(OutcomeKind.PROCESS_LIMIT, exit_code, number)
    if failed and ending.usage.memory >= NEAR_LIMIT * memory_ceiling:
        return Outcome(OutcomeKind.MEMORY_LIMIT, exit_code, number)
    if failed and any(marker in stderr_tail for marker in memory_markers):
        return Outcome(OutcomeKind.MEMORY_LIMIT, exit_code, number)
    if number is not None:
        return Outcome(OutcomeKind.SIGNALLED, None, number)
    return Outcome(OutcomeKind.EXITED, exit_code, None)


def _decode(status: int) -> tuple[int | None, int | None]:
    if os.WIFSIGNALED(status):
        return None, os.WTERMSIG(status)
    return os.WEXITSTATUS(status), None
