"""When a run is repeated, and which time limit follows from the accepted submissions."""

from __future__ import annotations

import pytest

from berm.judge import EXACT, Timing, calibrated, wall_guard
from berm.model import Enforcement, Limits, Outcome, OutcomeKind, RunResult, Usage

LIMITS = Limits(cpu_time=2.0, wall_time=10.0)


def ran(cpu: float, wall: float = 3.0, kind: str = "exited") -> RunResult:
    return RunResult(
        b"",
        b"",
        Outcome(OutcomeKind(kind), 0 if kind == "exited" else None),
        Usage(wall_time=wall, cpu_time=cpu),
        Enforcement("namespaces", {}, ()),
    )


@pytest.mark.parametrize(
    ("run", "doubtful"),
    [
        (ran(1.99), False),
        (ran(2.0), False),
        (ran(2.01), True),
        (ran(2.9), True),  # beside another program on the same core
        (ran(3.2), True),
        (ran(3.21), False),
        (ran(3.21, kind="cpu_limit"), False),
        (ran(2.1, kind="signalled"), True),
        (ran(1.5, 10.0, "wall_limit"), True),  # it computed, and did not get a processor
        (ran(0.1, 10.0, "wall_limit"), False),  # it slept
    ],
)
def test_what_is_repeated(run, doubtful):
    assert Timing().doubtful(run, LIMITS) == doubtful
    assert not EXACT.doubtful(run, LIMITS)


def test_run_limits():
    assert Timing(margin=0.5).run_limits(LIMITS).cpu_time == 3.0
    assert Timing().run_limits(Limits(cpu_time=600.0)).cpu_time == 600.0
    assert EXACT.run_limits(LIMITS) == LIMITS
    short = Limits(cpu_time=0.1)
    near = Timing(margin=0.1, slack=0.05)
    assert near.run_limits(short).cpu_time == pytest.approx(0.15)
    assert near.doubtful(ran(0.14), short)
    assert not near.doubtful(ran(0.16), short)


@pytest.mark.parametrize(
    ("slowest", "factor", "resolution", "limit"),
    [(0.01, 2, 1, 1), (0.5, 2, 1, 1), (0.501, 2, 1, 2), (0.3, 5, 0.5, 1.5), (0.7, 2, 0.1, 1.4)],
)
def test_calibrated(slowest, factor, resolution, limit):
    assert calibrated(slowest, factor=factor, resolution=resolution) == limit


def test_the_guard_leaves_time_to_a_program_that_gets_a_third_of_a_core():
    for seconds in (0.1, 1.0, 10.0):
        assert wall_guard(seconds) > 3 * seconds
    assert wall_guard(600.0) == 600.0
