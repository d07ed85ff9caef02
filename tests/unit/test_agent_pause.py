"""How often the agent looks at a run."""

import pytest

from berm_cell.agent import FIRST_TICK, LONGEST_PAUSE, next_pause

INTERVAL = 0.02


def test_it_looks_soon_and_then_ever_more_rarely():
    pauses = [FIRST_TICK]
    for _ in range(6):
        pauses.append(next_pause(pauses[-1], 0.0001, INTERVAL))
    assert pauses == pytest.approx([0.002, 0.004, 0.008, 0.016, 0.02, 0.02, 0.02])


def test_costly_looks_take_a_twentieth_of_a_core():
    assert next_pause(INTERVAL, 0.005, INTERVAL) == pytest.approx(0.1)


def test_no_tree_is_so_large_that_it_is_left_alone():
    assert next_pause(INTERVAL, 5.0, INTERVAL) == LONGEST_PAUSE
